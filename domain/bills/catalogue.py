"""The bills of an organization, as its people see them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session

from db.models import Bill
from domain.bills.status import Status
from domain.counting import Wanted
from domain.errors import NotFound


def get(session: Session, organization_id: int, bill_id: int) -> Bill:
    """Return one bill; raise NotFound."""
    return _found(session, _of(organization_id).where(Bill.id == bill_id))


def locked(session: Session, organization_id: int, bill_id: int) -> Bill:
    """Return one bill, which nobody else changes until the end of the transaction; raise NotFound."""
    return _found(session, _of(organization_id).where(Bill.id == bill_id).with_for_update(key_share=True))


def page(
    session: Session, organization_id: int, statuses: Sequence[str], before: int | None, limit: int
) -> Sequence[Bill]:
    """Return up to `limit` bills in one of the statuses, or in any, newest first, with ids below `before` if given."""
    wanted = _of(organization_id).order_by(Bill.id.desc()).limit(limit)
    if statuses:
        wanted = wanted.where(Bill.status.in_(statuses))
    return session.scalars(wanted.where(Bill.id < before) if before else wanted).all()


def after(session: Session, organization_id: int, statuses: Sequence[str], bill_id: int) -> Bill | None:
    """Return the first bill after this one that is in one of the statuses, None if there is none."""
    wanted = _of(organization_id).where(Bill.status.in_(statuses), Bill.id > bill_id)
    return session.scalar(wanted.order_by(Bill.id).limit(1))


def counts(session: Session, organization_id: int, most: int) -> dict[str, int]:
    """Return how many bills there are in each status, counted up to `most`."""
    of_each = (_of(organization_id).with_only_columns(Bill.status).where(Bill.status == one) for one in Status)
    some = union_all(*(select(each.limit(most).subquery()) for each in of_each)).subquery()
    rows = session.execute(select(some.c.status, func.count().label("number")).group_by(some.c.status))
    return {row.status: row.number for row in rows}


def waiting(organization_id: int, status: str) -> Wanted:
    """Return the bills in the status, oldest first, and when they were received."""
    wanted = _of(organization_id).where(Bill.status == status).order_by(Bill.id)
    return wanted.with_only_columns(Bill.id, Bill.created_at)


def told(bill_id: int, file_name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what events say of a bill; its total is an exact number."""
    said = {name: found["value"] for name, found in fields.items()}
    total = said.get("total")
    return {
        "billId": bill_id,
        "fileName": file_name,
        "supplierName": said.get("supplier_name"),
        "supplierVatId": said.get("supplier_vat_id"),
        "invoiceNumber": said.get("invoice_number"),
        "issueDate": said.get("issue_date"),
        "currencyCode": said.get("currency_code"),
        "total": orjson.Fragment(total) if total else None,
    }


def _found(session: Session, wanted: Select[Bill]) -> Bill:
    bill = session.scalar(wanted)
    if bill is None:
        raise NotFound("bill not found")
    return bill


def _of(organization_id: int) -> Select[Bill]:
    return select(Bill).where(Bill.organization_id == organization_id)

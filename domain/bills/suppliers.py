"""What an organization knows of those who send it bills: it grows by what people approve and put right."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import BillSupplier, Supplier
from db.queries import run
from domain.bills.extraction import Hints, KnownSupplier
from domain.bills.identity import supplier_key

# Those seen last; a file is compared with all of them.
MAX_KNOWN = 500


def hints(session: Session, organization_id: int) -> Hints:
    """Return what helps to read an organization's bills: who it is itself, and who has sent it bills before."""
    own = session.scalars(
        select(Supplier).where(Supplier.organization_id == organization_id).order_by(Supplier.id).limit(MAX_KNOWN)
    ).all()
    known = session.scalars(
        select(BillSupplier)
        .where(BillSupplier.organization_id == organization_id)
        .order_by(BillSupplier.seen_at.desc())
        .limit(MAX_KNOWN)
    ).all()
    return Hints(
        own_names=[one.name for one in own],
        own_ids=[number for one in own for number in (one.vat_id, one.tax_id) if number],
        own_ibans=[one.iban for one in own if one.iban],
        language=own[0].locale_code.partition("_")[0] if own else None,
        currency=own[0].currency_code if own else None,
        suppliers=[_known(one) for one in known],
    )


def _known(one: BillSupplier) -> KnownSupplier:
    return KnownSupplier(
        name=one.name or "",
        vat_id=one.vat_id,
        tax_id=one.tax_id,
        ibans=one.ibans,
        times_seen=one.times_seen,
        corrections=one.corrections,
        last_numbers=one.last_numbers,
        currency_code=one.currency_code,
    )


def see(session: Session, organization_id: int, said: Mapping[str, Any], account_code: str) -> None:
    """Remember the supplier of a bill that says this and was approved, and the account of its expense.

    One whose name is no letters, and who has no id, cannot be known again.
    """
    if not supplier_key(said):
        return
    run(
        session,
        "see_supplier",
        **_identity(organization_id, said),
        ibans=[said["iban"]] if said.get("iban") else [],
        currency_code=said.get("currency_code"),
        numbers=[said["invoice_number"]],
        account_code=account_code,
    )


def learn(session: Session, organization_id: int, said: Mapping[str, Any], corrections: Sequence[Any]) -> None:
    """Remember how the fields of a bill were put right, for the next bill of its supplier."""
    if corrections and supplier_key(said):
        text = orjson.dumps(corrections).decode()
        run(session, "learn_corrections", **_identity(organization_id, said), corrections=text)


def usual_account(session: Session, organization_id: int, said: Mapping[str, Any]) -> str | None:
    """Return the account of the last bill that was approved of the supplier, None if there is none."""
    known = select(BillSupplier.account_code).where(BillSupplier.organization_id == organization_id)
    return session.scalar(known.where(BillSupplier.key == supplier_key(said)))


def _identity(organization_id: int, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "key": supplier_key(said),
        "name": said.get("supplier_name"),
        "vat_id": said.get("supplier_vat_id"),
        "tax_id": said.get("supplier_tax_id"),
    }

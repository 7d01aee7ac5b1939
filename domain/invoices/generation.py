"""Issuing invoices: everything that can fail or take long comes first, the counters last."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import PARTY_FIELDS, Invoice
from db.queries import run
from domain.accounting.sources import Source, changed
from domain.errors import Invalid, Refusal
from domain.invoices import numbering, printable
from domain.invoices.ledger import decimal, plain
from domain.invoices.request import InvoiceRequest
from domain.parties import recipients
from domain.pricing import Line, price

Draft = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Issued:
    id: int
    invoice_number: str
    issue_date: date
    status: str

    def result(self) -> dict[str, Any]:
        """Return what the job's row keeps of the invoice."""
        return {"invoiceId": self.id, "invoiceNumber": self.invoice_number}


def issue(session: Session, requests: Sequence[InvoiceRequest]) -> list[Issued | Refusal]:
    """Issue one invoice for each request, in order, or say why not; the numbers are real once `session` commits."""
    drafts = draft(session, requests)
    issued = iter(_write(session, [d for d in drafts if not isinstance(d, Refusal)]))
    return [d if isinstance(d, Refusal) else next(issued) for d in drafts]


def draft(session: Session, requests: Sequence[InvoiceRequest]) -> list[Draft | Refusal]:
    """Return all of each invoice but its number and hash, or why it is refused; no counter is locked."""
    suppliers = _suppliers(session, {request.supplier_id for request in requests})
    drafts = [_draft(request, suppliers.get(request.supplier_id)) for request in requests]
    valid = [(n, d) for n, d in enumerate(drafts) if not isinstance(d, Refusal)]
    asked = [recipients.Asked(requests[n].organization_id, requests[n].client) for n, _ in valid]
    for (n, content), recipient in zip(valid, recipients.resolve(session, asked), strict=True):
        if isinstance(recipient, Refusal):
            drafts[n] = recipient
        else:
            content["client_id"], content["client"] = recipient
            drafts[n] = _drawn(content)
    return drafts


def adopt(session: Session, job_ids: Collection[int]) -> dict[int, Issued]:
    """Return the invoices that jobs already have: a second run links the first one's instead of issuing again."""
    if not job_ids:
        return {}
    rows = session.execute(
        select(Invoice.job_id, Invoice.id, Invoice.invoice_number, Invoice.issue_date, Invoice.status).where(
            Invoice.job_id.in_(job_ids)
        )
    )
    return {row.job_id: Issued(row.id, row.invoice_number, row.issue_date, row.status) for row in rows if row.job_id}


def _suppliers(session: Session, ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    return {row.id: row._asdict() for row in run(session, "load_suppliers", ids=sorted(ids))}


def _draft(request: InvoiceRequest, supplier: Mapping[str, Any] | None) -> Draft | Refusal:
    try:
        if supplier is None or supplier["organization_id"] != request.organization_id:
            raise Invalid.sentence("supplier not found", "supplierId")
        if request.job_id is None:  # a queued one was held against the day on which it was accepted
            request.check_dates(supplier["today"])
        printable.check(request)
        return _terms(request) | _amounts(request, supplier) | _origin(supplier)
    except Invalid as refused:
        return refused


def _drawn(content: Draft) -> Draft | Refusal:
    try:
        printable.check_parties({party: content[party] for party in ("supplier", "client")})
    except Invalid as refused:
        return refused
    return content


def _terms(request: InvoiceRequest) -> Draft:
    if request.unpaid and request.due_date is None:
        raise Invalid.sentence("due_date is required to mark invoice unpaid", "dueDate")
    return {
        "job_id": request.job_id,
        "status": "unpaid" if request.unpaid else "issued",
        "issue_date": plain(request.issue_date) if request.issue_date else None,
        "due_date": plain(request.due_date) if request.due_date else None,
        "notes": request.notes,
    }


def _amounts(request: InvoiceRequest, supplier: Mapping[str, Any]) -> Draft:
    currency = request.currency_code or supplier["currency_code"]
    priced = price(request.items, currency, supplier["default_tax_rate"])
    return {
        "currency_code": currency,
        "subtotal": decimal(priced.subtotal),
        "tax_total": decimal(priced.tax_total),
        "total": decimal(priced.total),
        "items": [_item(number, line) for number, line in enumerate(priced.lines, 1)],
    }


def _item(number: int, line: Line) -> Draft:
    return {
        "line_number": number,
        "description": line.item.description,
        "quantity": decimal(line.item.quantity),
        "unit_price": decimal(line.item.unit_price),
        "discount": decimal(line.item.discount),
        "tax_rate": decimal(line.tax_rate),
        "line_subtotal": decimal(line.subtotal),
        "line_tax": decimal(line.tax),
        "line_total": decimal(line.total),
    }


def _origin(supplier: Mapping[str, Any]) -> Draft:
    return {
        "organization_id": supplier["organization_id"],
        "supplier_id": supplier["id"],
        "template_hash": bytes(supplier["template_hash"]).hex(),
        "locale_code": supplier["locale_code"],
        "supplier": {name: supplier[name] for name in PARTY_FIELDS if supplier[name] is not None},
    }


def _write(session: Session, drafts: Sequence[Draft]) -> list[Issued]:
    if not drafts:
        return []
    counters = numbering.lock(session, {d["supplier_id"] for d in drafts})
    invoices = [counters[d["supplier_id"]].number(d) for d in drafts]
    rows = run(session, "issue_invoices", invoices=orjson.dumps(invoices).decode())
    ids = {(row.supplier_id, row.number): row.id for row in rows}
    for organization_id in sorted({i["organization_id"] for i in invoices}):
        own = [i for i in invoices if i["organization_id"] == organization_id]
        changed(session, organization_id, [Source("invoice", ids[i["supplier_id"], i["number"]]) for i in own])
    return [
        Issued(
            ids[i["supplier_id"], i["number"]],
            i["invoice_number"],
            date.fromisoformat(i["issue_date"]),
            i["status"],
        )
        for i in invoices
    ]

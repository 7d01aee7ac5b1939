"""Issuing invoices: everything that can fail or take long comes first, the counters last."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import PARTY_FIELDS, Invoice
from db.queries import run
from db.transaction import allow_idle
from domain import tax
from domain.accounting.sources import Source, changed
from domain.einvoices import conformity
from domain.errors import Invalid, Refusal
from domain.events.telling import tell
from domain.identity.quotas import quotas
from domain.invoices import numbering, printable, series, terms
from domain.invoices.ledger import decimal, plain
from domain.invoices.news import news
from domain.invoices.request import INVOICE, InvoiceRequest
from domain.parties import recipients
from domain.pricing import Line, price
from domain.templates.formatting import locale_for
from domain.templates.labels import labels

Draft = dict[str, Any]
# Finds all of a supplier that issuing needs.
LOAD = "load_suppliers"


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
    issued = iter(write(session, [d for d in drafts if not isinstance(d, Refusal)]))
    return [d if isinstance(d, Refusal) else next(issued) for d in drafts]


def issue_one(session: Session, request: InvoiceRequest) -> Issued:
    """Issue an invoice while its caller waits; raise Refusal or OverQuota."""
    quotas.admit_invoices(session, request.organization_id, 1)
    [issued] = issue(session, [request])
    if isinstance(issued, Refusal):
        raise issued
    return issued


def draft(session: Session, requests: Sequence[InvoiceRequest]) -> list[Draft | Refusal]:
    """Return all of each invoice but its number and hash, or why it is refused; no counter is locked."""
    keys = {_key(request) for request in requests}
    known = numbering.suppliers(session, LOAD, sorted(keys))
    drafts = [_draft(request, known.get(_key(request))) for request in requests]
    asked = [recipients.Asked(request.organization_id, request.client) for request in requests]
    drafts = _with(drafts, asked, "client", partial(recipients.snapshots, session))
    drafts = conforming(session, [d if isinstance(d, Refusal) else _drawn(d) for d in drafts])
    # Last, as it creates clients: whoever is refused leaves none behind.
    return _with(drafts, asked, "client_id", partial(recipients.resolve, session))


def _with(
    drafts: Sequence[Draft | Refusal],
    asked: Sequence[recipients.Asked],
    name: str,
    find: Callable[[Sequence[recipients.Asked]], Sequence[Any]],
) -> list[Draft | Refusal]:
    """Return the drafts with what is found of each one's client under `name`, or why nothing is."""
    found = iter(find([one for draft, one in zip(drafts, asked, strict=True) if not isinstance(draft, Refusal)]))
    return [draft if isinstance(draft, Refusal) else _plus(draft, name, next(found)) for draft in drafts]


def _plus(draft: Draft, name: str, value: Any) -> Draft | Refusal:
    if isinstance(value, Refusal):
        return value
    draft[name] = value
    return draft


def conforming(session: Session, drafts: Sequence[Draft | Refusal]) -> list[Draft | Refusal]:
    """Return the drafts, but instead of one that would be no e-invoice, and is to be one, why not.

    The transaction of `session` is idle while the rules are asked.
    """
    asked = {n: d for n, d in enumerate(drafts) if not isinstance(d, Refusal) and d["e_invoice"] != conformity.NONE}
    if not asked:
        return list(drafts)
    allow_idle(session, conformity.patience())
    refusals = dict(zip(asked, conformity.refusals([*asked.values()]), strict=True))
    return [refusals.get(n) or draft for n, draft in enumerate(drafts)]


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


def _key(request: InvoiceRequest) -> numbering.Key:
    return numbering.Key(request.supplier_id, request.series_code)


def _draft(request: InvoiceRequest, found: Any | None) -> Draft | Refusal:
    try:
        supplier = series.required(request, found)
        if request.job_id is None:  # a queued one was held against the day on which it was accepted
            series.check_dates(request, supplier)
        printable.check(request)
        return _terms(request, supplier) | _amounts(request, supplier) | _origin(request, supplier)
    except Refusal as refused:
        return refused


def _drawn(content: Draft) -> Draft | Refusal:
    try:
        printable.check_parties({party: content[party] for party in ("supplier", "client")})
    except Invalid as refused:
        return refused
    return content


def _terms(request: InvoiceRequest, supplier: Any) -> Draft:
    if request.unpaid and request.due_date is None:
        raise Invalid.sentence("due_date is required to mark invoice unpaid", "dueDate")
    return {
        "document_type": INVOICE,
        "credited_invoice_id": None,
        "job_id": request.job_id,
        "status": "unpaid" if request.unpaid else "issued",
        "issue_date": plain(request.issue_date) if request.issue_date else None,
        "due_date": plain(request.due_date) if request.due_date else None,
        "notes": request.notes,
        "terms": terms.merged(request.terms, supplier),
    }


def _amounts(request: InvoiceRequest, supplier: Any) -> Draft:
    currency = request.currency_code or supplier.currency_code
    priced = price(request.items, currency, supplier.default_tax_rate, supplier.tax_rounding)
    locale_code = request.locale_code or supplier.locale_code
    return {
        "currency_code": currency,
        "tax_rounding": supplier.tax_rounding,
        "subtotal": decimal(priced.subtotal),
        "tax_total": decimal(priced.tax_total),
        "total": decimal(priced.total),
        "items": [_item(number, line, locale_code) for number, line in enumerate(priced.lines, 1)],
    }


def _item(number: int, line: Line, locale_code: str) -> Draft:
    item = {
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
    if details := line.item.details():
        if line.item.tax_category in tax.EXEMPTIONS:
            details.setdefault("exemption_reason", _reason(line.item.tax_category, locale_code))
        item |= details
    return item


@lru_cache(maxsize=256)
def _reason(tax_category: str, locale_code: str) -> str:
    """Return why no tax is due in that category, in the language of the locale."""
    return labels(locale_for(locale_code))[tax.EXEMPTIONS[tax_category]]


def _origin(request: InvoiceRequest, supplier: Any) -> Draft:
    return {
        "organization_id": supplier.organization_id,
        "supplier_id": supplier.id,
        "e_invoice": supplier.e_invoice,
        "today": supplier.today.isoformat(),
        "listens": supplier.listens,
        "series_code": supplier.series_code,
        "template_hash": bytes(supplier.template_hash).hex(),
        "locale_code": request.locale_code or supplier.locale_code,
        "supplier": {name: value for name in PARTY_FIELDS if (value := getattr(supplier, name)) is not None},
    }


def write(session: Session, drafts: Sequence[Draft]) -> list[Issued | Refusal]:
    """Number and store the drafts, in order, or say of one why its series does not allow its date."""
    if not drafts:
        return []
    for draft in drafts:
        del draft["e_invoice"], draft["today"]  # asked for before; the invoice does not keep them
    listening = {draft["organization_id"] for draft in drafts if draft.pop("listens")}
    keys = [numbering.Key(draft["supplier_id"], draft["series_code"]) for draft in drafts]
    counters = numbering.lock(session, set(keys))
    numbered = [_numbered(counters[key], draft) for key, draft in zip(keys, drafts, strict=True)]
    last = {key: one for key, one in zip(keys, numbered, strict=True) if not isinstance(one, Refusal)}
    for key, invoice in last.items():
        invoice["counts"] = counters[key].counts()
    stored = [one for one in numbered if not isinstance(one, Refusal)]
    ids = _store(session, stored)
    for organization_id in sorted(listening):
        tell(
            session,
            organization_id,
            [news(ids[_place(i)], i) for i in stored if i["organization_id"] == organization_id],
        )
    return [one if isinstance(one, Refusal) else _issued(ids[_place(one)], one) for one in numbered]


def _numbered(counter: numbering.Counter, draft: Draft) -> Draft | Refusal:
    try:
        return counter.number(draft)
    except Refusal as refused:
        return refused


def _store(session: Session, invoices: Sequence[Draft]) -> dict[tuple[int, str, int], int]:
    """Write the invoices, owe their entries to the journal, and return their ids by place."""
    if not invoices:
        return {}
    # Others wait for the counters: PostgreSQL has less to read where null is left out.
    said = [{name: value for name, value in invoice.items() if value is not None} for invoice in invoices]
    rows = run(session, "issue_invoices", invoices=orjson.dumps(said).decode())
    ids = {(row.supplier_id, row.series_code, row.number): row.id for row in rows}
    for organization_id in sorted({i["organization_id"] for i in invoices}):
        own = [i for i in invoices if i["organization_id"] == organization_id]
        changed(session, organization_id, [Source("invoice", ids[_place(i)]) for i in own])
    return ids


def _place(invoice: Draft) -> tuple[int, str, int]:
    return invoice["supplier_id"], invoice["series_code"], invoice["number"]


def _issued(invoice_id: int, invoice: Draft) -> Issued:
    return Issued(invoice_id, invoice["invoice_number"], date.fromisoformat(invoice["issue_date"]), invoice["status"])

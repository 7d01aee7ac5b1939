"""Credit notes: what was invoiced is taken back, whole or in part, by a document of its own; no invoice changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Invoice, InvoiceItem
from domain.errors import Conflict, Invalid, NotFound, Refusal
from domain.invoices import generation, ledger, numbering, series
from domain.invoices.generation import Draft, Issued
from domain.invoices.numbering import Key
from domain.invoices.printable import require_drawable
from domain.invoices.request import CREDIT_NOTE, CREDIT_SERIES
from domain.invoices.terms import CARRIED_OVER
from domain.money import unit_of
from domain.pricing import EXACT

AMOUNTS = ("line_subtotal", "line_tax")
TOTALS = {"subtotal": "line_subtotal", "tax_total": "line_tax", "total": "line_total"}
# What a credit note has of its invoice: the parties as they were then.
SAME = (
    "organization_id", "supplier_id", "supplier", "client_id", "client", "locale_code", "currency_code", "tax_rounding",
)  # fmt: skip
ZERO = Decimal(0)


class CreditLine(NamedTuple):
    """So much of a line of the invoice."""

    line_number: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class CreditRequest:
    """The credit note that is asked for: of all that is left of the invoice, or of these `lines`."""

    organization_id: int
    invoice_id: int
    reason: str
    lines: tuple[CreditLine, ...] = ()
    issue_date: date | None = None
    job_id: int | None = None

    def payload(self) -> dict[str, Any]:
        """Return the request as JSON values."""
        return {
            "invoice_id": self.invoice_id,
            "reason": self.reason,
            "lines": [[number, str(quantity)] for number, quantity in self.lines],
            "issue_date": self.issue_date.isoformat() if self.issue_date else None,
        }

    @classmethod
    def of_job(cls, organization_id: int, job_id: int, payload: Mapping[str, Any]) -> "CreditRequest":
        """Return the request that `payload` was made from, to be linked to its job."""
        lines = tuple(CreditLine(number, Decimal(quantity)) for number, quantity in payload["lines"])
        day = date.fromisoformat(payload["issue_date"]) if payload["issue_date"] else None
        return cls(organization_id, payload["invoice_id"], payload["reason"], lines, day, job_id)


class Credited(NamedTuple):
    """What the credit notes so far have taken back of a line."""

    quantity: Decimal = ZERO
    line_subtotal: Decimal = ZERO
    line_tax: Decimal = ZERO


def issue(session: Session, request: CreditRequest) -> Issued:
    """Issue the credit note, numbered last; raise Refusal.

    The invoice is locked until the transaction ends, so that two never take back the same.
    """
    invoice = _invoice(session, request, locked=True)
    draft = _draft(session, request, invoice)
    if refused := _breaks_a_rule(session, draft, invoice):
        raise refused
    [issued] = generation.write(session, [draft])
    if isinstance(issued, Refusal):
        raise issued
    return issued


def _breaks_a_rule(session: Session, draft: Draft, invoice: Invoice) -> Refusal | None:
    """Return why the credit note would be no e-invoice, where one is asked for and the invoice itself is one."""
    [conforming] = generation.conforming(session, [draft])
    if not isinstance(conforming, Refusal):
        return None
    invoiced = ledger.content(invoice, invoice.items) | {"e_invoice": draft["e_invoice"]}
    return None if isinstance(generation.conforming(session, [invoiced])[0], Refusal) else conforming


def left(session: Session, invoice: Invoice) -> dict[int, Decimal]:
    """Return how much of each line of the invoice, by its number, is not credited."""
    credited = {number: line.quantity for number, line in _credited(session, invoice.id).items()}
    return {item.line_number: item.quantity - credited.get(item.line_number, ZERO) for item in invoice.items}


def check(session: Session, request: CreditRequest) -> None:
    """Raise Refusal if the credit note could not be issued as things are; nothing is locked."""
    _draft(session, request, _invoice(session, request, locked=False))


def _draft(session: Session, request: CreditRequest, invoice: Invoice) -> Draft:
    """Return all of the credit note but its number and hash; raise Refusal."""
    key = Key(invoice.supplier_id, CREDIT_SERIES)
    supplier = numbering.suppliers(session, generation.LOAD, [key])[key]
    if request.job_id is None:  # a queued one was held against the day on which it was accepted
        series.check_day(supplier, request.issue_date)
    if request.issue_date and request.issue_date < invoice.issue_date:
        raise Invalid.sentence(f"issue_date must not be before {invoice.issue_date}, the invoice's own", "issueDate")
    require_drawable({"reason": request.reason})
    parts = _parts(session, request, invoice)
    items = [_item(number, *part, unit_of(invoice.currency_code)) for number, part in enumerate(parts, 1)]
    now = {
        "template_hash": bytes(supplier.template_hash).hex(),
        "e_invoice": supplier.e_invoice,
        "today": supplier.today.isoformat(),
        "listens": supplier.listens,
    }
    if request.issue_date is None and supplier.today < invoice.issue_date:
        now["issue_date"] = invoice.issue_date.isoformat()
    return _content(request, invoice, items) | now


def _invoice(session: Session, request: CreditRequest, locked: bool) -> Invoice:
    found = select(Invoice).where(Invoice.id == request.invoice_id, Invoice.organization_id == request.organization_id)
    if locked:
        found = found.with_for_update(key_share=True, of=Invoice)
    invoice = session.scalar(found)
    if invoice is None:
        raise NotFound("invoice not found")
    if invoice.document_type == CREDIT_NOTE:
        raise Conflict(f"{invoice.invoice_number} is a credit note, and cannot be credited itself")
    return invoice


def _parts(session: Session, request: CreditRequest, invoice: Invoice) -> list[tuple[InvoiceItem, Decimal, Credited]]:
    """Return each line that is credited, how much of it, and what was credited before; raise Refusal."""
    before = _credited(session, invoice.id)
    lines = [(item, before.get(item.line_number, Credited())) for item in invoice.items]
    left = {item.line_number: item.quantity - credited.quantity for item, credited in lines}
    _check(request, invoice, left)
    asked = dict(request.lines) or {number: rest for number, rest in left.items() if rest}
    return [(item, asked[item.line_number], credited) for item, credited in lines if item.line_number in asked]


def _check(request: CreditRequest, invoice: Invoice, left: Mapping[int, Decimal]) -> None:
    unknown, over = {}, {}
    places: dict[int, int] = {}
    for place, (number, quantity) in enumerate(request.lines):
        if number not in left:
            unknown[f"lines[{place}].lineNumber"] = [f"is no line of {invoice.invoice_number}"]
        elif places.setdefault(number, place) != place:
            unknown[f"lines[{place}].lineNumber"] = ["is given twice"]
        elif quantity > left[number]:
            over[f"lines[{place}].quantity"] = [f"is more than the {ledger.decimal(left[number])} left to credit"]
    if unknown:
        raise Invalid.fields(unknown)
    if over or not any(left.values()):
        told = over or {"lines": [f"are credited already, all of {invoice.invoice_number}"]}
        raise Conflict("; ".join(f"{field} {text}" for field, [text] in told.items()), told)


def _credited(session: Session, invoice_id: int) -> dict[int, Credited]:
    columns = (InvoiceItem.quantity, *(getattr(InvoiceItem, name) for name in AMOUNTS))
    rows = session.execute(
        select(InvoiceItem.credited_line, *(func.sum(column) for column in columns))
        .join(Invoice, Invoice.id == InvoiceItem.invoice_id)
        .where(Invoice.credited_invoice_id == invoice_id)
        .group_by(InvoiceItem.credited_line)
    )
    return {number: Credited(*sums) for number, *sums in rows}


def _item(number: int, item: InvoiceItem, quantity: Decimal, before: Credited, unit: Decimal) -> dict[str, Any]:
    """Return a line of the credit note, its amounts as numbers."""
    same = ("description", "unit_price", "tax_rate", *ledger.ADDED_TO_ITEMS)
    amounts = _amounts(item, quantity, before, unit)
    full = EXACT.quantize(EXACT.multiply(quantity, item.unit_price), unit)
    return {
        **{name: value for name in same if (value := getattr(item, name)) is not None},
        **amounts,
        "line_number": number,
        "credited_line": item.line_number,
        "quantity": quantity,
        "discount": max(ZERO, full - amounts["line_subtotal"]) if item.discount else ZERO,
        "line_total": amounts["line_subtotal"] + amounts["line_tax"],
    }


def _amounts(item: InvoiceItem, quantity: Decimal, before: Credited, unit: Decimal) -> dict[str, Decimal]:
    """Return what the line takes back: its share of all that is taken back by now, less what was taken before.

    So the last part of a line has what rounding has left, and all parts together are the line to the smallest unit.
    """
    taken = before.quantity + quantity
    return {
        name: EXACT.quantize(EXACT.divide(EXACT.multiply(getattr(item, name), taken), item.quantity), unit)
        - getattr(before, name)
        for name in AMOUNTS
    }


def _content(request: CreditRequest, invoice: Invoice, items: Sequence[Mapping[str, Any]]) -> Draft:
    totals = {name: sum((item[line] for item in items), ZERO) for name, line in TOTALS.items()}
    return {
        **{name: getattr(invoice, name) for name in SAME},
        **{name: ledger.plain(value) for name, value in totals.items()},
        "document_type": CREDIT_NOTE,
        "credited_invoice_id": invoice.id,
        "job_id": request.job_id,
        "series_code": CREDIT_SERIES,
        "status": "issued",
        "issue_date": ledger.plain(request.issue_date) if request.issue_date else None,
        "due_date": None,
        "notes": None,
        "terms": _terms(request, invoice),
        "items": [{name: ledger.plain(value) for name, value in item.items()} for item in items],
    }


def _terms(request: CreditRequest, invoice: Invoice) -> dict[str, Any]:
    own = invoice.terms or {}
    return {
        **{name: own[name] for name in CARRIED_OVER if name in own},
        "credited_number": invoice.invoice_number,
        "credited_date": invoice.issue_date.isoformat(),
        "credit_reason": request.reason,
    }

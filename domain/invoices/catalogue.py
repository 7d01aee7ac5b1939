"""The issued invoices of an organization, to be found, listed and marked as paid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ScalarSelect, Select, func, or_, select, update
from sqlalchemy.orm import Session, lazyload

from db.models import Invoice, InvoiceHead
from domain.accounting.sources import Source, changed
from domain.errors import Conflict, Invalid, NotFound
from domain.events.telling import News, tell
from domain.events.types import MARKED_ISSUED
from domain.invoices.request import INVOICE
from domain.parties import clients

# Of invoices with all their lines, which their reader may not want to the end.
ROWS_AT_ONCE = 10


@dataclass(frozen=True)
class Span:
    """Which invoices of a supplier are meant: those issued from `first` to `last`, both included."""

    supplier_id: int
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class SpanSummary:
    count: int
    earliest_date: date | None
    latest_date: date | None


@dataclass(frozen=True)
class Filters:
    """Which invoices a list shows: those of which all is true that is not None.

    `search` is a number, or a part of what a client is found by. `is_due` are invoices of which something is due.
    """

    status: str | None = None
    search: str | None = None
    supplier_id: int | None = None
    client_id: int | None = None
    first: date | None = None
    last: date | None = None
    is_due: bool | None = None


def page(
    session: Session, organization_id: int, status: str | None, before: int | None, limit: int
) -> Iterable[Invoice]:
    """Return up to `limit` invoices, newest first, those older than `before` when it is given; read a few at a time."""
    found = _page(session, organization_id, Filters(status), before, limit)
    return session.scalars(found.execution_options(yield_per=ROWS_AT_ONCE))


def heads(
    session: Session, organization_id: int, filters: Filters, before: int | None, limit: int
) -> Sequence[Invoice]:
    """Return up to `limit` invoices that match, newest first, those older than `before` when it is given.

    Their lines are not read.
    """
    unread = lazyload(Invoice.items), lazyload(Invoice.credits)
    return session.scalars(_page(session, organization_id, filters, before, limit).options(*unread)).all()


def get(session: Session, organization_id: int, invoice_id: int) -> Invoice:
    """Return one invoice by its id; raise NotFound."""
    invoice = session.scalar(_of(organization_id).where(Invoice.id == invoice_id))
    if invoice is None:
        raise NotFound("invoice not found")
    return invoice


def find(session: Session, organization_id: int, invoice_number: str, supplier_id: int | None) -> Invoice:
    """Return the one invoice of this number; raise NotFound or Invalid."""
    return get(session, organization_id, id_of(session, organization_id, invoice_number, supplier_id))


def id_of(session: Session, organization_id: int, invoice_number: str, supplier_id: int | None) -> int:
    """Return the id of the one invoice of this number; raise NotFound or Invalid."""
    found = _of(organization_id).where(Invoice.invoice_number == invoice_number).with_only_columns(Invoice.id).limit(2)
    if supplier_id is not None:
        found = found.where(Invoice.supplier_id == supplier_id)
    ids = session.scalars(found).all()
    if not ids:
        raise NotFound("invoice not found")
    if len(ids) > 1:
        raise Invalid.sentence(f"{invoice_number} is not unique: say whose it is by supplierId", "supplierId")
    return ids[0]


def mark_issued(session: Session, invoice: Invoice) -> Invoice:
    """Return the invoice, issued instead of unpaid; raise Conflict."""
    change = (
        update(Invoice)
        .where(Invoice.id == invoice.id, Invoice.status == "unpaid")
        .values(status="issued", updated_at=func.clock_timestamp())
        .returning(Invoice.id)
    )
    if not session.execute(change).first():
        raise Conflict("invoice is already issued")
    changed(session, invoice.organization_id, [Source("invoice", invoice.id)])
    said = {"invoiceId": invoice.id, "invoiceNumber": invoice.invoice_number}
    tell(session, invoice.organization_id, [News(MARKED_ISSUED, said)])
    session.refresh(invoice)
    return invoice


def summary(session: Session, organization_id: int, span: Span) -> SpanSummary:
    """Return how many invoices are in `span`, and the first and last day one was issued."""
    counted = within(
        select(func.count(), func.min(Invoice.issue_date), func.max(Invoice.issue_date)), organization_id, span
    )
    return SpanSummary(*session.execute(counted).one())


def ids(session: Session, organization_id: int, span: Span, limit: int) -> Sequence[int]:
    """Return the ids of up to `limit` invoices in `span`, in the order of their numbers."""
    found = within(select(Invoice.id), organization_id, span).order_by(Invoice.number).limit(limit)
    return session.scalars(found).all()


def _of(organization_id: int) -> Select[Invoice]:
    return select(Invoice).where(Invoice.organization_id == organization_id)


def _page(session: Session, organization_id: int, filters: Filters, before: int | None, limit: int) -> Select[Invoice]:
    found = _of(organization_id).order_by(Invoice.id.desc()).limit(limit)
    for column in (Invoice.status, Invoice.supplier_id, Invoice.client_id):
        if (value := getattr(filters, column.key)) is not None:
            found = found.where(column == value)
    if filters.search is not None:
        same_client = Invoice.client_id.in_(clients.ids_matching(session, organization_id, filters.search))
        found = found.where(or_(Invoice.invoice_number == filters.search, same_client))
    if filters.is_due:
        found = found.where(Invoice.document_type == INVOICE, Invoice.total > Invoice.paid_amount + _credited())
    if before is not None:
        found = found.where(Invoice.id < before)
    return _issued(found, filters.first, filters.last)


def _credited() -> ScalarSelect[Decimal]:
    """Return what the credit notes of an invoice come to."""
    notes = select(func.coalesce(func.sum(InvoiceHead.total), 0)).where(InvoiceHead.credited_invoice_id == Invoice.id)
    return notes.correlate(Invoice).scalar_subquery()


def within(found: Select, organization_id: int, span: Span) -> Select:
    """Return what of `found` is in `span`."""
    found = found.where(Invoice.organization_id == organization_id, Invoice.supplier_id == span.supplier_id)
    return _issued(found, span.first, span.last)


def _issued(found: Select, first: date | None, last: date | None) -> Select:
    if first:
        found = found.where(Invoice.issue_date >= first)
    if last:
        found = found.where(Invoice.issue_date <= last)
    return found

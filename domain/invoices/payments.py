"""Money received for invoices, and given back: recorded beside the invoice, which stays as it was issued."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Date, DateTime, cast, func, select
from sqlalchemy.orm import Session

from db.models import Invoice, InvoiceHead, InvoicePayment
from domain.accounting.sources import Source, changed
from domain.counting import Wanted
from domain.errors import Conflict, Invalid, say
from domain.invoices import numbering
from domain.invoices.ledger import decimal
from domain.invoices.numbering import Key
from domain.invoices.request import CREDIT_NOTE, SERIES
from domain.money import unit_of

ZERO = Decimal(0)
# Those that are overdue are looked for among so many of the newest invoices.
MAX_LOOKED_AT = 1000


class Status(StrEnum):
    UNPAID = "unpaid"
    PARTLY_PAID = "partlyPaid"
    PAID = "paid"
    PARTLY_CREDITED = "partlyCredited"
    CREDITED = "credited"


class Balance(NamedTuple):
    """What was paid for an invoice and what is due; below zero, so much has to be given back."""

    paid_amount: Decimal
    amount_due: Decimal
    payment_status: Status


def balance(invoice: Invoice) -> Balance | None:
    """Return the balance of an invoice, None for a credit note: it changes that of the invoice it corrects."""
    if invoice.document_type == CREDIT_NOTE:
        return None
    paid: Decimal = invoice.paid_amount
    credited = sum((note.total for note in invoice.credited_by), ZERO)
    due = invoice.total - credited - paid
    return Balance(paid, due, _status(invoice, paid, credited, due))


def record(
    session: Session, invoice: Invoice, amount: Decimal, paid_on: date | None, reference: str | None = None
) -> InvoicePayment:
    """Record that `amount` was received, or given back if it is below zero; raise Invalid or Conflict.

    More may be received than is due. Without a day it was today, where the supplier is.
    """
    session.execute(select(Invoice.id).where(Invoice.id == invoice.id).with_for_update(key_share=True))
    session.refresh(invoice)  # by a statement of its own, which sees what was paid while this one waited
    [supplier] = numbering.suppliers(session, "find_suppliers", [Key(invoice.supplier_id, SERIES)]).values()
    paid_on = paid_on or supplier.today
    _check(invoice, amount)
    if paid_on > supplier.today:
        raise Invalid.sentence(say("paid_on must not be after today, %(today)s", today=supplier.today), "paidOn")
    payment = InvoicePayment(
        organization_id=invoice.organization_id,
        invoice_id=invoice.id,
        amount=amount,
        paid_on=paid_on,
        reference=reference,
    )
    session.add(payment)
    session.flush()
    changed(session, invoice.organization_id, [Source("payment", payment.id)])
    session.refresh(invoice)
    session.refresh(payment)
    return payment


def page(session: Session, invoice: Invoice, after: int, limit: int) -> Sequence[InvoicePayment]:
    """Return up to `limit` payments of the invoice with an id above `after`, in the order of their ids."""
    found = select(InvoicePayment).where(InvoicePayment.invoice_id == invoice.id, InvoicePayment.id > after)
    return session.scalars(found.order_by(InvoicePayment.id).limit(limit)).all()


def invoice_ids(session: Session, organization_id: int, payment_ids: Collection[int]) -> dict[int, int]:
    """Return the id of the invoice of each of these payments."""
    found = select(InvoicePayment.id, InvoicePayment.invoice_id).where(
        InvoicePayment.organization_id == organization_id, InvoicePayment.id.in_(payment_ids)
    )
    return {payment.id: payment.invoice_id for payment in session.execute(found)}


def overdue(organization_id: int) -> Wanted:
    """Return those of the newest MAX_LOOKED_AT invoices that were due before today (UTC) and are not paid."""
    newest = select(Invoice.id).where(Invoice.organization_id == organization_id).order_by(Invoice.id.desc())
    credited = (
        select(func.coalesce(func.sum(InvoiceHead.total), 0))
        .where(InvoiceHead.credited_invoice_id == Invoice.id)
        .correlate(Invoice)
        .scalar_subquery()
    )
    return select(Invoice.id, cast(Invoice.due_date, DateTime(timezone=True))).where(
        Invoice.id.in_(newest.limit(MAX_LOOKED_AT)),
        Invoice.document_type != CREDIT_NOTE,
        Invoice.due_date < cast(func.timezone("UTC", func.statement_timestamp()), Date),
        Invoice.paid_amount + credited < Invoice.total,
    )


def _check(invoice: Invoice, amount: Decimal) -> None:
    currency = invoice.currency_code
    if invoice.document_type == CREDIT_NOTE:
        told = say(
            "%(number)s is a credit note: record what is given back with the invoice", number=invoice.invoice_number
        )
        raise Conflict(told)
    if amount % unit_of(currency):
        told = say("amount must be in units of %(unit)s %(currency)s", unit=unit_of(currency), currency=currency)
        raise Invalid.sentence(told, "amount")
    if invoice.paid_amount + amount < 0:
        paid = decimal(invoice.paid_amount)
        told = say(
            "no more than the %(paid)s %(currency)s that was paid can be given back", paid=paid, currency=currency
        )
        raise Conflict(told)


def _status(invoice: Invoice, paid: Decimal, credited: Decimal, due: Decimal) -> Status:
    if credited and credited >= invoice.total:
        return Status.CREDITED
    if due <= 0:
        return Status.PAID
    if paid > 0:
        return Status.PARTLY_PAID
    return Status.PARTLY_CREDITED if credited else Status.UNPAID

"""Payments of invoices: what was received, and what was given back."""

from typing import Any

from flask import Response, g
from marshmallow import fields
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.invoices import PAYMENT, REFUND, PaymentBody
from api.http.fields import Amount, Choice, Day, Instant
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.http.schema import CamelSchema
from api.invoices.issued import WhoseNumber
from api.invoices.schemas import NUMBER, PAYMENT_STATUS
from api.parties.schemas import optional
from db.models import Invoice
from db.transaction import transaction
from domain.invoices import catalogue, payments

payments_api = Blueprint("payments", __name__, description="Money received for invoices, and given back.")
PATH = "/api/v1/invoices/<invoice_number:number>/payments"


class PaymentPage(Page, WhoseNumber):
    pass


class Type(Choice):
    """Whether money was received or given back."""

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> str:
        """Return which of the two the payment `obj` is."""
        return PAYMENT if obj.amount > 0 else REFUND


class Unsigned(Amount):
    """An amount without its sign."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return abs(value)


class Payment(CamelSchema):
    id = fields.Integer()
    type = Type(PAYMENT, REFUND)
    amount = Unsigned(12, 4, required=True)
    paid_on = Day()
    reference = optional()
    created_at = Instant()


class Balance(CamelSchema):
    """What is paid and due once all payments and credit notes so far are counted."""

    paid_amount = fields.Raw(metadata=NUMBER)
    amount_due = fields.Raw(metadata=NUMBER)
    payment_status = fields.Raw(metadata=PAYMENT_STATUS)


class Recorded(Balance):
    payment = fields.Nested(Payment)


@payments_api.route(PATH, "invoices:issue", methods=["POST"])
@payments_api.arguments(WhoseNumber(), location="query")
@payments_api.arguments(PaymentBody())
@payments_api.response(201, Recorded)
@payments_api.refuses(404, 409)
@payments_api.idempotent
def record_payment(query: dict[str, Any], body: dict[str, Any], number: str) -> Response:
    """Record a payment of an invoice, or a refund.

    A part may be paid, or more than is due. A refund of more than was paid is refused with 409. A payment is never
    changed: correct one that is wrong by a refund.
    """
    amount = body["amount"] if body["type"] == PAYMENT else -body["amount"]

    def work(session: Session) -> Answer:
        invoice = catalogue.find(session, g.organization_id, number, query.get("supplier_id"))
        payment = payments.record(session, invoice, amount, body.get("paid_on"), body.get("reference"))
        return Answer(201, Recorded().dump({"payment": payment, **_balance(invoice)}))

    return once(work).response()


@payments_api.route(PATH, "invoices:read")
@payments_api.arguments(PaymentPage(), location="query")
@payments_api.response(200, Payment(many=True), headers=LINK)
@payments_api.refuses(404)
def list_payments(query: dict[str, Any], number: str) -> Any:
    """List the payments of an invoice, in the order in which they were recorded.

    What they come to, and what is due, is shown with the invoice.
    """
    with transaction() as session:
        invoice = catalogue.find(session, g.organization_id, number, query.get("supplier_id"))
        rows = payments.page(session, invoice, *place(query, 0))
        return page(rows, query, Payment())


def _balance(invoice: Invoice) -> dict[str, Any]:
    balance = payments.balance(invoice)
    return balance._asdict() if balance else dict.fromkeys(payments.Balance._fields)

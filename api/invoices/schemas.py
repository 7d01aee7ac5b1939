from decimal import Decimal
from typing import Any

from marshmallow import fields

from api.http.fields import Amount, Choice, Day, Instant, Rate
from api.http.schema import CamelSchema
from api.parties.schemas import PartySnapshot, optional
from domain import tax
from domain.invoices.payments import Status as PaymentStatus
from domain.invoices.payments import balance
from domain.invoices.request import CREDIT_NOTE, INVOICE
from domain.pricing import discount_total
from domain.tax import CATEGORIES, ROUNDINGS, category

NUMBER = {"type": ["number", "null"]}
PAYMENT_STATUS = {
    "type": ["string", "null"],
    "enum": [*PaymentStatus, None],
    "description": "credited: all of it is credited. paid: nothing is due. partlyPaid: something is paid. "
    "partlyCredited: a part is credited, and nothing paid. unpaid: none of these. null: it is a credit note.",
}


class Category(Choice):
    """The category of a line, which says it or is of the one that its rate means."""

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> str:
        """Return the category of the line `obj`."""
        return category(obj.tax_category, obj.tax_rate)


class InvoiceItem(CamelSchema):
    line_number = fields.Integer()
    description = fields.String()
    quantity = Amount(12, 4, required=True)
    unit_price = Amount(12, 6, required=True)
    discount = Amount(12, 4, required=True)
    tax_rate = Rate(required=True)
    line_subtotal = Amount(12, 4, required=True)
    line_tax = Amount(12, 4, required=True)
    line_total = Amount(12, 4, required=True)
    tax_category = Category(*CATEGORIES)
    exemption_reason = optional()
    unit_code = optional()
    item_id = optional()


class TaxGroup(CamelSchema):
    """The lines that share a category and a rate."""

    tax_category = Choice(*CATEGORIES)
    tax_rate = Rate(required=True)
    taxable_amount = Amount(12, 4, required=True)
    tax_amount = Amount(12, 4, required=True)
    exemption_reason = optional()


class TaxBreakdown(fields.List):
    """The tax of an invoice, by category and rate."""

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> list[Any]:
        """Return the groups of the invoice `obj`."""
        return tax.breakdown(obj.items)


class DiscountTotal(Amount):
    """What the discounts of an invoice come to."""

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> Decimal:
        """Return by how much the lines of the invoice `obj` are reduced."""
        return discount_total(obj.items, obj.currency_code)


class DeliveryPeriod(CamelSchema):
    start = fields.String()
    end = fields.String()


def term(name: str) -> fields.String:
    """Return the field of one of an invoice's terms."""
    return fields.String(attribute=f"terms.{name}", dump_default=None, allow_none=True)


class Hash(fields.Field[bytes]):
    """The invoice's link in the chain of its series, as hexadecimal digits."""

    def __init__(self) -> None:
        told = "Proves the invoice and all before it: keep it, and compare it by `numbering/verify`."
        super().__init__(metadata={"type": "string", "pattern": "^[0-9a-f]{64}$", "description": told})

    def _serialize(self, value: bytes | None, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return bytes(value or b"").hex()


class Head(CamelSchema):
    """What one document says of another."""

    id = fields.Integer()
    invoice_number = fields.String()
    issue_date = Day()
    total = Amount(12, 4, required=True)


class Balanced(fields.Field[Any]):
    """What payments and credit notes have made of an invoice; null for a credit note."""

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> Any:
        """Return the part of the balance of the invoice `obj` that is called `attr`."""
        return getattr(balance(obj), attr, None)


class Invoice(CamelSchema):
    """An invoice or a credit note as it was issued; supplier and client as they were then."""

    id = fields.Integer()
    invoice_number = fields.String()
    invoice_number_int = fields.Integer(attribute="number")
    series_code = fields.String()
    document_type = fields.Integer(
        metadata={"enum": [INVOICE, CREDIT_NOTE], "description": "380: an invoice. 381: a credit note (UNCL1001)."}
    )
    credits = fields.Nested(Head, allow_none=True, metadata={"description": "The invoice that is credited."})
    credited_by = fields.List(fields.Nested(Head))
    paid_amount = Balanced(metadata=NUMBER)
    amount_due = Balanced(metadata=NUMBER)
    payment_status = Balanced(metadata=PAYMENT_STATUS)
    issue_date = Day()
    due_date = Day(allow_none=True)
    locale_code = fields.String()
    currency_code = fields.String()
    status = Choice("issued", "unpaid", description="As it was issued. No payment changes it: see `paymentStatus`.")
    supplier_id = fields.Integer()
    client_id = fields.Integer()
    supplier = fields.Nested(PartySnapshot)
    client = fields.Nested(PartySnapshot)
    subtotal = Amount(12, 4, required=True)
    tax_total = Amount(12, 4, required=True)
    total = Amount(12, 4, required=True)
    tax_rounding = Choice(*ROUNDINGS)
    tax_breakdown = TaxBreakdown(fields.Nested(TaxGroup))
    discount_total = DiscountTotal(12, 4, required=True)
    notes = fields.String(allow_none=True)
    delivery_date = term("delivery_date")
    delivery_period = fields.Nested(
        DeliveryPeriod, attribute="terms.delivery_period", dump_default=None, allow_none=True
    )
    purchase_order_number = term("purchase_order_number")
    buyer_reference = term("buyer_reference")
    contract_number = term("contract_number")
    payment_terms = term("payment_terms")
    payment_reference = term("payment_reference")
    payment_link = term("payment_link")
    iban = term("iban")
    bic = term("bic")
    credit_reason = term("credit_reason")
    items = fields.List(fields.Nested(InvoiceItem))
    hash = Hash()
    created_at = Instant()
    updated_at = Instant()

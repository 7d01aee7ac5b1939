"""An invoice as a template can show it: plain values, nothing to look up and nothing to change."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.pricing import discount_total


@dataclass(frozen=True, slots=True)
class Party:
    """A supplier or a client as it was when the invoice was issued."""

    name: str
    address_line1: str
    city: str
    country: str
    address_line2: str | None = None
    region: str | None = None
    postal_code: str | None = None
    tax_id: str | None = None
    vat_id: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One priced line; its amounts are already rounded to the currency."""

    line_number: int
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    tax_rate: Decimal
    line_subtotal: Decimal
    line_tax: Decimal
    line_total: Decimal
    tax_category: str | None = None
    exemption_reason: str | None = None
    unit_code: str | None = None
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How the invoice is paid, what was delivered when, and the buyer's own numbers."""

    delivery_date: date | None = None
    delivery_period: tuple[date, date] | None = None
    purchase_order_number: str | None = None
    buyer_reference: str | None = None
    contract_number: str | None = None
    payment_terms: str | None = None
    payment_reference: str | None = None
    payment_link: str | None = None
    iban: str | None = None
    bic: str | None = None
    credited_number: str | None = None
    credited_date: date | None = None
    credit_reason: str | None = None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """Everything that decides how an invoice looks, besides its template."""

    invoice_number: str
    issue_date: date
    due_date: date | None
    locale_code: str
    currency_code: str
    supplier: Party
    client: Party
    items: tuple[Line, ...]
    subtotal: Decimal
    tax_total: Decimal
    total: Decimal
    notes: str | None = None
    terms: Terms = Terms()
    is_credit_note: bool = False

    @property
    def discount_total(self) -> Decimal:
        """Return by how much the lines are less than their quantity times their price."""
        return discount_total(self.items, self.currency_code)

"""An invoice as a template can show it: plain values, nothing to look up and nothing to change."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.money import smallest_unit
from domain.pricing import gross


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

    @property
    def discount_total(self) -> Decimal:
        """Return by how much the lines are less than their quantity times their price, each rounded as the line is."""
        unit = smallest_unit(self.currency_code)
        reduced = (line for line in self.items if line.discount)
        return sum((gross(line.quantity, line.unit_price, unit) - line.line_subtotal for line in reduced), Decimal(0))

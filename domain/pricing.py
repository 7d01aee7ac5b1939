"""Amounts of an invoice, each rounded half up to the currency's own decimals; totals are sums of rounded lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from domain.errors import Invalid
from domain.invoices.request import Item
from domain.money import smallest_unit

# Wide enough that no product of allowed quantities, prices and rates is rounded before it is rounded for good.
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
MAX_TOTAL = Decimal("999999999999")
OVER = "must not be more than quantity times unitPrice"


@dataclass(frozen=True, slots=True)
class Line:
    item: Item
    tax_rate: Decimal
    subtotal: Decimal
    tax: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    lines: tuple[Line, ...]
    subtotal: Decimal
    tax_total: Decimal
    total: Decimal


def price(items: Sequence[Item], currency_code: str, default_tax_rate: Decimal) -> Priced:
    """Return the priced lines and totals; raise Invalid.

    A currency may be unknown, a discount above its line, or the total absurd.
    """
    unit = smallest_unit(currency_code)
    if errors := {f"items[{n}].discount": [OVER] for n, item in enumerate(items) if item.discount > _full(item)}:
        raise Invalid.fields(errors)
    lines = tuple(_line(item, unit, default_tax_rate) for item in items)
    subtotal = sum((line.subtotal for line in lines), Decimal(0))
    tax_total = sum((line.tax for line in lines), Decimal(0))
    if subtotal + tax_total > MAX_TOTAL:
        raise Invalid.sentence(f"the total must not exceed {MAX_TOTAL}", "items")
    return Priced(lines, subtotal, tax_total, subtotal + tax_total)


def gross(quantity: Decimal, unit_price: Decimal, unit: Decimal) -> Decimal:
    """Return what a line comes to before its discount, rounded to the currency's smallest `unit`."""
    return EXACT.quantize(EXACT.multiply(quantity, unit_price), unit)


def _line(item: Item, unit: Decimal, default_tax_rate: Decimal) -> Line:
    rate = default_tax_rate if item.tax_rate is None else item.tax_rate
    subtotal = EXACT.quantize(EXACT.subtract(_full(item), item.discount), unit)
    tax = EXACT.quantize(EXACT.multiply(subtotal, rate), unit)
    return Line(item, rate, subtotal, tax, subtotal + tax)


def _full(item: Item) -> Decimal:
    return EXACT.multiply(item.quantity, item.unit_price)

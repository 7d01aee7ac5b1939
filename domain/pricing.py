"""Amounts of an invoice, each rounded half up to the currency's own decimals; totals are sums of rounded lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

from babel.core import get_global

from domain.invoices.errors import InvoiceRefused
from domain.invoices.request import Item

# Wide enough that no product of allowed quantities, prices and rates is rounded before it is rounded for good.
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
# ISO 4217 minor units that are not 2. CLDR's digits are those of cash: 12.34 RSD would become 12.
DECIMALS = dict.fromkeys(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0
)
DECIMALS |= dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
LARGEST = Decimal("999999999999")


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
    """Return the priced lines and totals; raise InvoiceRefused for an unknown currency or an absurd amount."""
    unit = smallest_unit(currency_code)
    lines = tuple(_line(item, unit, default_tax_rate) for item in items)
    subtotal = sum((line.subtotal for line in lines), Decimal(0))
    tax_total = sum((line.tax for line in lines), Decimal(0))
    if subtotal + tax_total > LARGEST:
        raise InvoiceRefused(f"the total must not exceed {LARGEST}")
    return Priced(lines, subtotal, tax_total, subtotal + tax_total)


def _line(item: Item, unit: Decimal, default_tax_rate: Decimal) -> Line:
    rate = default_tax_rate if item.tax_rate is None else item.tax_rate
    gross = EXACT.multiply(item.quantity, item.unit_price)
    subtotal = EXACT.quantize(max(EXACT.subtract(gross, item.discount), Decimal(0)), unit)
    tax = EXACT.quantize(EXACT.multiply(subtotal, rate), unit)
    return Line(item, rate, subtotal, tax, subtotal + tax)


@cache
def smallest_unit(currency_code: str) -> Decimal:
    """Return the currency's smallest unit (0.01 for EUR, 1 for JPY, 0.001 for KWD); raise InvoiceRefused."""
    if currency_code not in _current_currencies():
        raise InvoiceRefused(f"invalid currency_code: {currency_code}")
    return Decimal(1).scaleb(-decimals(currency_code))


def decimals(currency_code: str) -> int:
    """Return how many decimals amounts of the currency have, by ISO 4217."""
    return DECIMALS.get(currency_code, 2)


@cache
def _current_currencies() -> frozenset[str]:
    """Return the codes that are legal tender somewhere today, as CLDR has them."""
    used = (use for uses in get_global("territory_currencies").values() for use in uses)
    return frozenset(code for code, _, end, is_tender in used if is_tender and end is None)

"""Amounts of an invoice, each rounded half up to the currency's own decimals; totals are sums of rounded lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from domain import tax
from domain.errors import Invalid, say
from domain.invoices.request import Item
from domain.money import smallest_unit, unit_of

# Wide enough that no product of allowed quantities, prices and rates is rounded before it is rounded for good.
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
ZERO = Decimal(0)
MAX_TOTAL = Decimal("999999999999")
# No country has so many rates; each is a row of the print, and work for whoever checks the sums.
MAX_TAX_GROUPS = 50
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


class _Taxes:
    """The tax of one line after another.

    With the rounding `line` each is rounded for itself. With `document` the tax of all lines that share a category and
    a rate is rounded once, as EN 16931 has it (BR-CO-17); a line gets what its own amount adds to that.
    """

    def __init__(self, unit: Decimal, rounding: str) -> None:
        self._unit, self._shared = unit, rounding == tax.DOCUMENT
        self._before: dict[tuple[str, Decimal], Decimal] = {}

    def of(self, category: str, rate: Decimal, subtotal: Decimal) -> Decimal:
        """Return the tax of the next line."""
        if not self._shared:
            return self._rounded(subtotal, rate)
        before = self._before.get((category, rate), ZERO)
        after = self._before[category, rate] = EXACT.add(before, subtotal)
        tax_of_all = self._rounded(after, rate)
        return tax_of_all - self._rounded(before, rate) if before else tax_of_all

    def _rounded(self, amount: Decimal, rate: Decimal) -> Decimal:
        return EXACT.quantize(EXACT.multiply(amount, rate), self._unit)


def price(items: Sequence[Item], currency_code: str, default_tax_rate: Decimal, tax_rounding: str = tax.LINE) -> Priced:
    """Return the priced lines and totals; raise Invalid.

    A currency may be unknown, a discount above its line, a rate none of its category's, or the total absurd.
    """
    unit = smallest_unit(currency_code)
    rates = [tax.rate(item.tax_category, item.tax_rate, default_tax_rate) for item in items]
    _check(items, rates)
    taxes = _Taxes(unit, tax_rounding)
    lines = tuple(_line(item, rate, unit, taxes) for item, rate in zip(items, rates, strict=True))
    subtotal = sum((line.subtotal for line in lines), ZERO)
    tax_total = sum((line.tax for line in lines), ZERO)
    if subtotal + tax_total > MAX_TOTAL:
        raise Invalid.sentence(say("the total must not exceed %(most)s", most=MAX_TOTAL), "items")
    return Priced(lines, subtotal, tax_total, subtotal + tax_total)


def discount_total(lines: Iterable[Any], currency_code: str) -> Decimal:
    """Return by how much the lines are less than their quantity times their price, each rounded as the line is.

    A line has `quantity`, `unit_price`, `discount` and `line_subtotal`.
    """
    unit = unit_of(currency_code)
    reduced = (line for line in lines if line.discount)
    return sum((max(ZERO, EXACT.quantize(_full(line), unit) - line.line_subtotal) for line in reduced), ZERO)


def _check(items: Sequence[Item], rates: Sequence[Decimal]) -> None:
    errors = {}
    for number, (item, rate) in enumerate(zip(items, rates, strict=True)):
        if item.discount and item.discount > _full(item):
            errors[f"items[{number}].discount"] = [OVER]
        if item.tax_category and (told := tax.mistaken(item.tax_category, rate)):
            errors[f"items[{number}].taxRate"] = [told]
        if item.exemption_reason and tax.category(item.tax_category, rate) not in tax.EXEMPTIONS:
            errors[f"items[{number}].exemptionReason"] = [f"needs a taxCategory out of {', '.join(tax.EXEMPTIONS)}"]
    if len(items) > MAX_TAX_GROUPS:
        groups = {(tax.category(item.tax_category, rate), rate) for item, rate in zip(items, rates, strict=True)}
        if len(groups) > MAX_TAX_GROUPS:
            errors["items"] = [f"have {len(groups)} different tax rates and categories; there may be {MAX_TAX_GROUPS}"]
    if errors:
        raise Invalid.fields(errors)


def _line(item: Item, rate: Decimal, unit: Decimal, taxes: _Taxes) -> Line:
    subtotal = EXACT.quantize(EXACT.subtract(_full(item), item.discount), unit)
    line_tax = taxes.of(tax.category(item.tax_category, rate), rate, subtotal)
    return Line(item, rate, subtotal, line_tax, subtotal + line_tax)


def _full(item: Any) -> Decimal:
    return EXACT.multiply(item.quantity, item.unit_price)

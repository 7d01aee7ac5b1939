"""The lines of a bill: rows of a table whose amounts add up to the sums, or none."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.bills.extraction.amounts import Amount
from domain.bills.extraction.layout import Row, Sheet
from domain.bills.extraction.totals import Sums, is_money

MOST_LINES = 500
CENT = Decimal("0.011")


class Line(NamedTuple):
    """A line as its row says it; what the row does not say is None."""

    description: str
    quantity: Decimal | None
    unit_price: Decimal | None
    tax_rate: Decimal | None
    total: Decimal


def find(sheet: Sheet, amounts: Sequence[Amount], sums: Sums, decimals: int) -> list[Line]:
    """Return the lines whose totals are the net amount or the total, an empty list if no rows are so."""
    end = min((part.amount.row.number for part in (sums.net, sums.tax, sums.total) if part.amount), default=0)
    rows = [row for row in sheet.rows[:end] if _has_money(row, amounts, decimals)]
    wanted = {sums.net.value, sums.total.value} - {Decimal(0)}
    for start in range(len(rows)):
        total = Decimal(0)
        for stop, row in enumerate(rows[start : start + MOST_LINES], start + 1):
            total += _last(row, amounts, decimals).value
            if total in wanted and (stop - start > 1 or _multiplies(row, amounts, decimals)):
                return [_line(row, amounts, decimals) for row in rows[start:stop]]
    return []


def _has_money(row: Row, amounts: Sequence[Amount], decimals: int) -> bool:
    return any(amount.row is row and is_money(amount, decimals) for amount in amounts)


def _last(row: Row, amounts: Sequence[Amount], decimals: int) -> Amount:
    return [amount for amount in amounts if amount.row is row and is_money(amount, decimals)][-1]


def _multiplies(row: Row, amounts: Sequence[Amount], decimals: int) -> bool:
    return next(_products(row, amounts, decimals), None) is not None


def _products(row: Row, amounts: Sequence[Amount], decimals: int) -> Iterator[tuple[Amount, Amount]]:
    """Yield pairs of numbers in a row, quantity and price, that multiply to its total."""
    total = _last(row, amounts, decimals)
    numbers = [amount for amount in amounts if amount.row is row and amount is not total and not amount.is_percent]
    for at, quantity in enumerate(numbers):
        for price in numbers[at + 1 :]:
            if abs(quantity.value * price.value - total.value) <= CENT:
                # The price is the one with cents.
                yield (quantity, price) if price.decimals >= quantity.decimals else (price, quantity)


def _line(row: Row, amounts: Sequence[Amount], decimals: int) -> Line:
    own = [amount for amount in amounts if amount.row is row]
    quantity, price = next(_products(row, amounts, decimals), (None, None))
    rate = next((amount.value for amount in own if amount.is_percent), None)
    first = min(
        (amount for amount in (quantity, price, _last(row, amounts, decimals)) if amount), key=lambda one: one.first
    )
    return Line(
        row.text[: row.starts[first.first]].strip(" |-") or row.text[row.starts[first.last - 1] :].strip(),
        quantity.value if quantity else None,
        price.value if price else None,
        rate / 100 if rate is not None else None,
        _last(row, amounts, decimals).value,
    )

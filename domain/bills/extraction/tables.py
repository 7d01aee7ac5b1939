"""The lines of a bill: rows of a table whose amounts add up to the sums, or none."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from domain.bills.extraction.amounts import Amount, in_rows
from domain.bills.extraction.layout import Sheet
from domain.bills.extraction.totals import Sums, is_money

MOST_LINES, MOST_NUMBERS = 500, 8
ZERO, ONE = Decimal(0), Decimal(1)
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
    rows = [row for row in in_rows(amounts) if row[0].row.number < end and _total(row, decimals)]
    totals = [_total(row, decimals).value for row in rows]  # type: ignore[union-attr]
    for start, stop in _runs(totals, {sums.net.value, sums.total.value} - {ZERO}):
        if stop - start > 1 or next(_products(rows[start], decimals), None):
            return [_line(row, decimals) for row in rows[start:stop]]
    return []


def _runs(values: Sequence[Decimal], wanted: set[Decimal]) -> Iterator[tuple[int, int]]:
    """Yield where values that follow each other add up to a wanted one, from `start` to before `stop`."""
    sums = [ZERO, *accumulate(values)]
    places: dict[Decimal, list[int]] = {}
    for stop, reached in enumerate(sums):
        for one in wanted:
            yield from ((start, stop) for start in places.get(reached - one, ()) if stop - start <= MOST_LINES)
        places.setdefault(reached, []).append(stop)


def _total(row: Sequence[Amount], decimals: int) -> Amount | None:
    return next((amount for amount in reversed(row) if is_money(amount, decimals)), None)


def _products(row: Sequence[Amount], decimals: int) -> Iterator[tuple[Amount, Amount]]:
    """Yield pairs of numbers in a row, quantity and price, that multiply to its total, maybe with the tax on it."""
    total, factors = _total(row, decimals), {ONE, ONE + (_rate(row) or ZERO)}
    numbers = [amount for amount in row if amount is not total and not amount.is_percent][-MOST_NUMBERS:]
    for at, quantity in enumerate(numbers):
        for price in numbers[at + 1 :]:
            net = quantity.value * price.value
            if total and any(abs(net * factor - total.value) <= CENT for factor in factors):
                # The price is the one with cents.
                yield (quantity, price) if price.decimals >= quantity.decimals else (price, quantity)


def _rate(row: Sequence[Amount]) -> Decimal | None:
    return next((amount.value / 100 for amount in row if amount.is_percent), None)


def _line(numbers: Sequence[Amount], decimals: int) -> Line:
    row, total = numbers[0].row, _total(numbers, decimals)
    quantity, price = next(_products(numbers, decimals), (None, None))
    first = min((amount for amount in (quantity, price, total) if amount), key=lambda one: one.first)
    return Line(
        row.text[: row.starts[first.first]].strip(" |-") or row.text[row.starts[first.last - 1] :].strip(),
        quantity.value if quantity else None,
        price.value if price else None,
        _rate(numbers),
        total.value if total else ZERO,
    )

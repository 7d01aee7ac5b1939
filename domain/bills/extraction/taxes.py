"""Tax by its rates: what rows of a page say of rate, base and tax that agrees."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import permutations
from typing import NamedTuple

from domain.bills.extraction import currencies, roles
from domain.bills.extraction.amounts import Amount, in_rows
from domain.bills.extraction.layout import Row

HIGHEST_RATE = 30
# More numbers has no row of a summary.
MOST_NUMBERS = 8
# Each line may have been rounded by itself.
TOLERANCE = Decimal("0.02")
# Where no cents are written, as in yen and forints.
HALF = Decimal("0.51")
LETTERS = re.compile(r"[^\W\d_]{2,}")


class Tax(NamedTuple):
    """A rate in percent, and the base and the tax of which a row says so."""

    rate: Decimal
    base: Amount
    tax: Amount


def agrees(base: Decimal, rate: Decimal, tax: Decimal) -> bool:
    """Return whether a tax is what a rate in percent makes of a base, both rounded as they are written."""
    is_whole = base == base.to_integral_value() and not tax.as_tuple().exponent
    return abs(base * rate / 100 - tax) <= (HALF if is_whole else TOLERANCE)


def rates(amounts: Iterable[Amount]) -> set[Decimal]:
    """Return the percentages on the pages that may be rates of a tax."""
    return {abs(amount.value) for amount in amounts if amount.is_percent and 0 < abs(amount.value) <= HIGHEST_RATE}


def find(amounts: Sequence[Amount], decimals: int = 2) -> list[Tax]:
    """Return the rates of a page's summary of taxes, each once; `decimals` are those of its currency."""
    found: dict[tuple[Decimal, Decimal], Tax] = {}
    for row in in_rows(amounts):
        if _may_sum_up(row[0].row) and (tax := _in_row(row[-MOST_NUMBERS:], decimals)):
            found.setdefault((tax.rate, tax.base.value), tax)
    return list(found.values())


def _may_sum_up(row: Row) -> bool:
    """Return whether a row speaks of taxes or their base, or has nothing but numbers: else it is a line's."""
    return roles.has_tax_word(row.text) or roles.is_net(row.text) or not has_words(row.text)


def has_words(text: str) -> bool:
    """Return whether a row has words apart from currencies and the letters of tax categories."""
    return any(currencies.named(word) is None for word in LETTERS.findall(text))


def _in_row(amounts: Sequence[Amount], decimals: int) -> Tax | None:
    percents = [amount for amount in amounts if amount.is_percent]
    money = [amount for amount in amounts if not amount.is_percent]
    # Where the column says percent, the numbers do not.
    rates_ = percents or [amount for amount in money if amount.decimals <= 1 or amount.value <= HIGHEST_RATE]
    for rate in rates_:
        if not 0 < rate.value <= HIGHEST_RATE:
            continue
        sums = [amount for amount in money if amount is not rate and (amount.decimals or not decimals)]
        for base, tax in permutations(sums, 2):
            if base.value and abs(base.value) > abs(tax.value) and agrees(base.value, rate.value, tax.value):
                return Tax(rate.value, base, tax)
    return None

"""What stands between net plus tax and the total: a charge, a discount, a rounding, what is withheld or paid."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import combinations

from domain.bills.extraction import taxes
from domain.bills.extraction.roles import LIKELY, OTHER, PAID, WITHHELD
from domain.bills.extraction.sums import HALF_PROVED, Labelled, Part, Sums

BESIDE = (OTHER, PAID, WITHHELD)
# Less than one unit of the currency is no charge: the total was rounded to what coins there are.
ROUNDED = Decimal(1)
MOST_BESIDE, MOST_RATES = 20, 10


def find(
    totals: Iterable[Part], dues: Iterable[Part], proved: Sequence[tuple[Part, Part]], beside: Sequence[Labelled]
) -> Iterator[Sums]:
    """Yield sums that add up with one or two of the amounts `beside` them, from nets whose taxes are `proved`.

    Only from what is due has something been paid or withheld.
    """
    charges = _values([one for one in beside if one.role == OTHER])
    deductions = _values([one for one in beside if one.role != OTHER])
    for net, tax in proved:
        whole = net.value + tax.value
        for total in totals if charges else ():
            if (rest := total.value - whole) and abs(rest) in charges:
                yield _with_charge(net, tax, total, rest)
        for due in dues if deductions else ():
            if (left := whole - due.value) > 0 and left in deductions:
                score = net.strength + tax.strength + due.strength - 1
                reason = f"net plus tax, of which {left} is withheld or paid"
                yield Sums(net, tax, Part(whole), score, HALF_PROVED, reason)


def by_rates(nets: Sequence[Part], said: Sequence[Part], rates: Iterable[Decimal]) -> Iterator[tuple[Part, Part]]:
    """Yield each net with a tax that one of the rates makes of it."""
    few = sorted(rates)[:MOST_RATES]
    for net in nets:
        for tax in said:
            is_named = net.strength >= LIKELY - 0.6 and tax.value
            if is_named and any(taxes.agrees(net.value, rate, tax.value) for rate in few):
                yield net, tax


def _values(beside: Sequence[Labelled]) -> set[Decimal]:
    """Return each value that one or two amounts make."""
    amounts = {id(one.amount): one.amount.value for one in beside}
    some = list(amounts.values())[-MOST_BESIDE:]
    return {abs(value) for value in some} | {abs(one + other) for one, other in combinations(some, 2)}


def _with_charge(net: Part, tax: Part, total: Part, rest: Decimal) -> Sums:
    score = net.strength + tax.strength + total.strength - 1
    if abs(rest) < ROUNDED:
        return Sums(net, tax, total, score, HALF_PROVED, f"net plus tax, rounded by {rest}, is the total")
    reason = f"net plus tax, with {rest} besides, is the total"
    return Sums(Part(net.value + rest), tax, total, score, HALF_PROVED, reason)

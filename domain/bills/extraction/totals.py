"""Net, tax and total: what the words at the amounts say, proved by arithmetic."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import permutations

from domain.bills.content import OCR
from domain.bills.extraction import rests, roles, taxes
from domain.bills.extraction.amounts import Amount, in_rows
from domain.bills.extraction.layout import Sheet
from domain.bills.extraction.roles import CLEAR, DUE, LIKELY, NET, OTHER, TAX, TOTAL
from domain.bills.extraction.sums import (
    BY_NUMBERS,
    HALF_PROVED,
    PROVED,
    PROVED_BY_RATE,
    UNPROVED,
    Labelled,
    Part,
    Sums,
)
from domain.bills.extraction.taxes import Tax

ZERO = Decimal(0)
# No tax on sales is higher than this share of the net amount.
MOST_TAX = Decimal("0.4")
NEAR_ROWS = 3
EXEMPT = re.compile(
    r"umsatzsteuerfrei|mehrwertsteuerfrei|steuerfrei|19ustg|keineumsatzsteuer|ohneumsatzsteuer|reversecharge|vatexempt"
    r"|exemptfromvat|novat|tvanonapplicable|exonere|exentodeiva|operacionexenta|esenteiva|nonimponibile|btwvrijgesteld"
    r"|btwverlegd|zwolniony|zwolnienie|odwrotneobciazenie|освободена|неначислен|ненаначислява"
)
MOST_OF_A_ROLE = 60
MOST_NUMBERS, MOST_RATES = 500, 10
TAX_RATE, NO_TAX = "the tax is what its rate makes of the net amount", "net and total are the same, and no tax is there"
ADDS_UP = "net plus tax is the total"


def find(sheet: Sheet, amounts: Sequence[Amount], decimals: int) -> Sums | None:
    """Return the sums that agree best, None if no amount on the pages looks like a total."""
    by_rate = taxes.find(amounts, decimals)
    rates = taxes.rates(amounts) | {tax.rate for tax in by_rate}
    labelled = list(labels(sheet, amounts, by_rate, decimals))
    found = sorted(_agreeing(labelled, amounts, by_rate, rates, decimals), key=lambda sums: -sums.score)
    if not found:
        unnamed = _unnamed(amounts, rates, decimals)
        return unnamed or _alone(labelled, bool(EXEMPT.search(sheet.squeezed)))
    best = _less_sure_before_a_later(found[0], labelled)
    rival = next((sums for sums in found if sums.total.value != best.total.value), None)
    if rival and rival.confidence >= best.confidence and best.score - rival.score < 1:
        return best._replace(
            confidence=min(best.confidence, HALF_PROVED), reason=f"{best.reason}, but so it is elsewhere"
        )
    return best


def _less_sure_before_a_later(best: Sums, labelled: Sequence[Labelled]) -> Sums:
    """Return sums in doubt if a larger total follows them on the page, as with a tip, or with what is owed besides."""
    place = best.total.amount
    tips = {one.amount.value + best.total.value for one in labelled if one.role == OTHER and one.amount.value > 0}
    later = [
        one
        for one in labelled
        if place
        and (one.role in (TOTAL, DUE) or one.amount.value in tips)
        and one.strength >= LIKELY - 0.6
        and one.amount.row.number > place.row.number
        and abs(one.amount.value) > abs(best.total.value)
        and (not place.currency or one.amount.currency in (None, place.currency))
    ]
    if not later:
        return best
    reason = f"{best.reason}, but {later[-1].amount.value} follows"
    return best._replace(confidence=min(best.confidence, HALF_PROVED), reason=reason)


def labels(sheet: Sheet, amounts: Sequence[Amount], by_rate: Sequence[Tax], decimals: int) -> Iterator[Labelled]:
    """Yield the amounts of money with the roles that the words beside or above them give."""
    for tax in by_rate:
        yield Labelled(tax.tax, TAX, LIKELY)
        yield Labelled(tax.base, NET, LIKELY if len(by_rate) == 1 else 0)
    settled = {id(amount) for tax in by_rate for amount in (tax.base, tax.tax)}
    rows = in_rows(amount for amount in amounts if is_money(amount, decimals) and id(amount) not in settled)
    yield from _sums_in_rows(rows)
    for in_row in rows:
        for at, amount in enumerate(in_row):
            yield from _roles(sheet, amount, in_row, at)


def is_money(amount: Amount, decimals: int) -> bool:
    """Return whether an amount has as many decimals as its currency, or its sign or code."""
    return not amount.is_percent and (
        amount.decimals == decimals or (amount.currency is not None and not amount.decimals)
    )


def _roles(sheet: Sheet, amount: Amount, in_row: Sequence[Amount], at: int) -> Iterator[Labelled]:
    row = amount.row
    begin = row.starts[in_row[at - 1].last - 1] + len(row.tokens[in_row[at - 1].last - 1].text) if at else 0
    own = row.text[begin : row.starts[amount.first]] + " " + row.tokens[amount.first].text[: max(0, _glued(amount))]
    if found := roles.of(own):
        yield Labelled(amount, *found)
        return
    if at and at == len(in_row) - 1 and (found := roles.of(row.text[: row.starts[in_row[0].first]])):
        yield Labelled(amount, found[0], found[1] - 0.6)
    # A column's name says nothing of a line's amounts.
    if not taxes.has_words(row.text):
        above = next(
            (found for cell in sheet.above(amount.box, row, NEAR_ROWS) if (found := roles.of(cell.text))), None
        )
        if above:
            yield Labelled(amount, above[0], above[1] - 0.5)


def _sums_in_rows(rows: Iterable[Sequence[Amount]]) -> Iterator[Labelled]:
    """Yield net, tax and total of a row that has all three behind a word for sums: `Total  100.00  20.00  120.00`."""
    for in_row in rows:
        row = in_row[0].row
        found = roles.of(row.text[: row.starts[in_row[0].first]])
        if len(in_row) < 3 or not found or found[0] != TOTAL:
            continue
        for net, tax, total in permutations(in_row[-4:], 3):
            is_sum = net.value + tax.value == total.value and abs(tax.value) <= abs(net.value) * MOST_TAX
            if is_sum and tax.value and net.first < total.first:
                yield from (Labelled(one, role, LIKELY) for one, role in ((net, NET), (tax, TAX), (total, TOTAL)))
                break


def _glued(amount: Amount) -> int:
    """Return how many letters stand before the digits in the amount's first word."""
    return amount.start - amount.row.starts[amount.first]


def _agreeing(
    labelled: Sequence[Labelled], amounts: Sequence[Amount], by_rate: Sequence[Tax], rates: set[Decimal], decimals: int
) -> Iterator[Sums]:
    beside = [one for one in labelled if one.role in rests.BESIDE]
    apart = {id(one.amount) for one in beside}
    money = [Part(one.value, one) for one in amounts if is_money(one, decimals) and id(one) not in apart]
    all_bases, all_of_rates = (_summed([getattr(one, name) for one in by_rate]) for name in ("base", "tax"))
    nets = _parts(labelled, {NET}) + all_bases
    said = _parts(labelled, {TAX}) + all_of_rates + _of_several(labelled, amounts)
    all_nets, all_taxes = _by_value(money + nets), _by_value(money + said)
    totals = _parts(labelled, {TOTAL, DUE})
    proved = [*rests.by_rates(nets, said, rates), *zip(all_bases, all_of_rates, strict=True)]
    yield from rests.find(totals, _parts(labelled, {DUE}), proved, beside)
    for total in totals:
        for net, tax in _pairs(total.value, nets, said, all_nets, all_taxes):
            if _is_plausible(net, tax, total):
                yield _judged(net, tax, total, by_rate, rates)
        yield from _without_net(total, nets, said, rates)
        yield from _without_tax(total, nets, said)


def _pairs(
    total: Decimal,
    nets: Sequence[Part],
    said: Sequence[Part],
    all_nets: Mapping[Decimal, Part],
    all_taxes: Mapping[Decimal, Part],
) -> Iterator[tuple[Part, Part]]:
    """Yield what adds up to a total, if the words at one of the two say which it is."""
    for net in nets:
        tax = all_taxes.get(total - net.value) or _turned(all_taxes, total - net.value)
        if tax and net.strength >= LIKELY - 0.6:
            yield net, tax
    for tax in said:
        if (found := all_nets.get(total - tax.value)) and tax.strength > 0:
            yield found, tax


def _by_value(parts: Iterable[Part]) -> dict[Decimal, Part]:
    """Return the part of each value whose words are the clearest."""
    return {part.value: part for part in sorted(parts, key=lambda part: part.strength)}


def _parts(labelled: Iterable[Labelled], wanted: set[str]) -> list[Part]:
    """Return the amounts of some roles: of very many the last ones, for sums stand at the end."""
    parts = [Part(one.amount.value, one.amount, one.strength) for one in labelled if one.role in wanted]
    return sorted(parts, key=lambda part: part.strength)[-MOST_OF_A_ROLE:]


def _summed(amounts: Sequence[Amount]) -> list[Part]:
    """Return the sum of what the rates say; several rates may have no sum on the page."""
    return [Part(sum((amount.value for amount in amounts), ZERO), None, LIKELY)] if len(amounts) > 1 else []


def _of_several(labelled: Sequence[Labelled], amounts: Sequence[Amount]) -> list[Part]:
    """Return the sum of the taxes of several rates, each in a row with its rate."""
    rates = {amount.row.number for amount in amounts if amount.is_percent}
    rows = {one.amount.row.number: one.amount.value for one in labelled if one.role == TAX and one.strength >= LIKELY}
    several = [value for row, value in rows.items() if row in rates]
    return [Part(sum(several, ZERO), None, LIKELY)] if len(several) > 1 else []


def _turned(known: Mapping[Decimal, Part], value: Decimal) -> Part | None:
    """Return a tax whose minus stands in another row."""
    part = known.get(-value) if value < 0 else None
    return part and part._replace(value=value)


def _is_plausible(net: Part, tax: Part, total: Part) -> bool:
    places = [part.amount for part in (net, tax, total) if part.amount]
    one_place = len({(amount.row.number, amount.first) for amount in places}) < len(places)
    return not one_place and net.value * tax.value >= 0 and ZERO < abs(tax.value) <= abs(net.value) * MOST_TAX


def _judged(net: Part, tax: Part, total: Part, by_rate: Sequence[Tax], rates: set[Decimal]) -> Sums:
    summed = [sum((getattr(one, name).value for one in by_rate), ZERO) for name in ("base", "tax")]
    by_rates = bool(by_rate) and summed == [net.value, tax.value]
    by_one = any(taxes.agrees(net.value, rate, tax.value) for rate in rates)
    named = sum(part.strength >= LIKELY - 0.6 for part in (net, tax, total))
    confidence = PROVED_BY_RATE if named == 3 and (by_rates or by_one) else PROVED if named == 3 else HALF_PROVED
    if named == 2 and by_rates:
        confidence = PROVED
    score = net.strength + tax.strength + total.strength + 3 * by_rates + 1.5 * by_one + _order(net, tax, total)
    reason = f"{ADDS_UP}, and {TAX_RATE}" if by_rates or by_one else ADDS_UP
    used = by_rate if by_rates else ()
    return Sums(net, tax, total, score + 2, confidence, reason, used)


def _order(net: Part, tax: Part, total: Part) -> float:
    """Return a little for sums that stand close together in their order, the total last."""
    rows = [part.amount.row.number for part in (net, tax, total) if part.amount]
    return 0.5 * (rows == sorted(rows)) + 0.5 * (max(rows) - min(rows) <= 2 * NEAR_ROWS) if rows else 0.0


def _without_net(total: Part, nets: Sequence[Part], said: Sequence[Part], rates: set[Decimal]) -> Iterator[Sums]:
    """Yield a total with its tax where no net amount is there, but the tax's rate is.

    If something is called net that is not, a discount or a rounding may lie between.
    """
    other_net = any(net.strength >= LIKELY and net.value != total.value for net in nets)
    for tax in said:
        net = Part(total.value - tax.value)
        if tax.amount and _is_plausible(net, tax, total) and any(taxes.agrees(net.value, r, tax.value) for r in rates):
            score = total.strength + tax.strength + 1.5
            is_named = min(total.strength, tax.strength) >= LIKELY and not other_net
            # A rate hardly notices a cent that a picture has wrong.
            proved = PROVED if is_named and not _is_seen(tax) else HALF_PROVED
            yield Sums(net, tax, total, score, proved, "the tax is what its rate makes of the total without it")


def _is_seen(part: Part) -> bool:
    """Return whether an amount was read from a picture."""
    return part.amount is not None and part.amount.row.page.origin == OCR


def _without_tax(total: Part, nets: Sequence[Part], said: Sequence[Part]) -> Iterator[Sums]:
    """Yield a total that is net: where a tax of 0 stands, or none is spoken of."""
    zero = next((tax for tax in said if not tax.value), None)
    same = next((net for net in nets if net.value == total.value and net.strength >= LIKELY), None)
    if zero and zero.strength >= LIKELY and not same and total.value:
        reason = "no tax is added to the total"
        yield Sums(Part(total.value), zero, total, total.strength, HALF_PROVED, reason)
    if same and (zero or not any(tax.value for tax in said)):
        # A picture has one digit wrong at both places alike.
        sure = zero is not None and min(same.strength, total.strength) >= LIKELY and not _is_seen(total)
        reason = f"{ADDS_UP}, which is 0" if zero else NO_TAX
        strength = same.strength + total.strength + (zero.strength if zero else 0)
        yield Sums(same, zero or Part(ZERO), total, strength, PROVED if sure else HALF_PROVED, reason)


def _unnamed(amounts: Sequence[Amount], rates: set[Decimal], decimals: int) -> Sums | None:
    """Return the largest total whose tax a rate on the page makes, where no words are understood."""
    money = {amount.value: Part(amount.value, amount) for amount in amounts if is_money(amount, decimals)}
    found: list[Sums] = []
    for net in list(money.values())[-MOST_NUMBERS:]:
        for rate in sorted(rates)[:MOST_RATES]:
            tax = money.get(round(net.value * rate / 100, decimals))
            total = money.get(net.value + tax.value) if tax else None
            if tax and total and _is_plausible(net, tax, total):
                found.append(Sums(net, tax, total, 0, BY_NUMBERS, f"{ADDS_UP} by numbers alone, and {TAX_RATE}"))
    return max(found, key=lambda sums: abs(sums.total.value), default=None)


def _alone(labelled: Sequence[Labelled], is_exempt: bool) -> Sums | None:
    """Return the likeliest total where nothing proves it."""
    totals = [one for one in labelled if one.role in (TOTAL, DUE)]
    best = max(totals, key=lambda one: (one.strength, abs(one.amount.value), one.amount.row.number), default=None)
    if best is None:
        return None
    nothing, total = Part(ZERO), Part(best.amount.value, best.amount, best.strength)
    if is_exempt:
        return Sums(Part(total.value), nothing, total, 0, HALF_PROVED, "the page says that no tax is charged")
    reason = "it stands at words for a total; no sums prove it"
    return Sums(nothing, nothing, total, 0, UNPROVED, reason)


__all__ = ["CLEAR", "OTHER", "UNPROVED", "Labelled", "Part", "Sums", "find", "is_money", "labels"]

"""Amounts as people write them, with any separators: 1.234,50 and 1,234.50, 1'234.50, 1 234,50, 12,34,567.00."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.bills.content import Box
from domain.bills.extraction import currencies
from domain.bills.extraction.layout import NUMBER_GAP, Row, Token, around

MARKS = ".,"
APOSTROPHES = "'’´`"
MINUS = "-−–‐"
LONGEST_NUMBER = 24
# What may stand around the digits of an amount in one word: a currency, a sign, brackets; or a label glued to it.
AMOUNT = re.compile(
    rf"(?P<before>(?:[^\d]*[^\d.,])?)(?P<digits>\d[\d.,{APOSTROPHES}]*)(?P<after>[^\d]{{0,6}})", re.ASCII
)
GROUP = re.compile(r"\d{3}(?:[.,]\d{1,3})?", re.ASCII)
OPEN_ENDED = re.compile(r"(\d[\d.,]*[.,])", re.ASCII)
CENTS = re.compile(r"[.,]\d\d$", re.ASCII)
NO_LETTER_BEFORE = re.compile(rf"(?:.*[:=*(\[>~]|)[{MINUS}+(]*")
NO_LETTER_AFTER = re.compile(r"[^\w]+")
NO_CENTS = re.compile(r"[.,](?:[-–—]{1,2}|=)$")
PERCENT = "%"


class Amount(NamedTuple):
    """A number on a page: its value, how many decimals it has, and where it stands."""

    value: Decimal
    decimals: int
    row: Row
    first: int
    last: int
    start: int
    currency: str | None
    is_percent: bool
    # Whether the separators can be read in one way only.
    sure: bool

    @property
    def box(self) -> Box:
        return around(self.tokens)

    @property
    def tokens(self) -> Sequence[Token]:
        return self.row.tokens[self.first : self.last]

    @property
    def confidence(self) -> float:
        return min(token.confidence for token in self.tokens)


class Number(NamedTuple):
    """The value of written digits; `mark` is the decimal mark that shows in them, empty if none does."""

    value: Decimal
    decimals: int
    mark: str
    sure: bool


def parse(digits: str, mark: str = "") -> Number | None:
    """Return what digits with separators mean, None if nothing; `mark` is what the page has before cents elsewhere."""
    if len(digits) > LONGEST_NUMBER:
        return None
    for apostrophe in APOSTROPHES:
        digits = digits.replace(apostrophe, " ")
    separators = [letter for letter in digits if not letter.isdigit()]
    if not separators:
        return Number(Decimal(digits), 0, "", True)
    head, last, tail = digits.rpartition(separators[-1])
    if len(tail) == 2 and set(separators) == {last} and last != " " and _is_grouped(head, apart_from=""):
        # A picture's comma may be read as a point, and a point as a comma.
        return _number(_bare(head), tail, last, sure=len(separators) == 1)
    if last == " " or last in separators[:-1]:
        return _whole(digits)
    if len(tail) == 3 and len(separators) == 1:
        return _of_three(head, last, tail, mark)
    if not tail or not _is_grouped(head, apart_from=last):
        return None
    return _number(_bare(head), tail, last)


def _of_three(head: str, separator: str, tail: str, mark: str) -> Number | None:
    """Return what one separator before three digits means: 1.234 is a thousand and more, or one and a bit."""
    is_mark = separator == mark or (not mark and head.startswith("0"))
    sure = bool(mark) or head.startswith("0") or len(head) > 3
    if is_mark or len(head) > 3 or (head.startswith("0") and separator == mark):
        return _number(head, tail, separator, sure)
    if head.startswith("0"):
        return None
    return Number(Decimal(head + tail), 0, "", sure)


def _number(head: str, tail: str, mark: str, sure: bool = True) -> Number:
    return Number(Decimal(f"{head}.{tail}"), len(tail), mark, sure)


def _whole(digits: str) -> Number | None:
    return Number(Decimal(_bare(digits)), 0, "", True) if _is_grouped(digits, apart_from="") else None


def _is_grouped(head: str, apart_from: str) -> bool:
    """Return whether the digits before the cents are in groups of three, or of two before the last three (India)."""
    separators = {letter for letter in head if not letter.isdigit()}
    if not separators:
        return True
    if len(separators) > 1 or apart_from in separators:
        return False
    first, *groups = head.split(separators.pop())
    inner = {len(group) for group in groups[:-1]}
    fits = not inner or inner == {3} or (inner == {2} and len(first) <= 2)
    return 1 <= len(first) <= 3 and first != "0" and len(groups[-1]) == 3 and fits


def _bare(digits: str) -> str:
    return "".join(letter for letter in digits if letter.isdigit())


def find(rows: Iterable[Row]) -> list[Amount]:
    """Return all numbers on the pages, read with the decimal mark that most of them have."""
    rows = list(rows)
    mark = decimal_mark(rows)
    return [amount for row in rows for amount in _in_row(row, mark)]


def in_rows(amounts: Iterable[Amount]) -> list[list[Amount]]:
    """Return the numbers of each row that has any."""
    rows: dict[int, list[Amount]] = {}
    for amount in amounts:
        rows.setdefault(amount.row.number, []).append(amount)
    return list(rows.values())


def decimal_mark(rows: Iterable[Row]) -> str:
    """Return the mark before two decimals at the ends of most numbers, empty if none has any."""
    votes: Counter[str] = Counter()
    for row in rows:
        for token in row.tokens:
            found = AMOUNT.fullmatch(token.text)
            number = parse(found["digits"].rstrip(MARKS)) if found else None
            if number and number.decimals == 2:
                votes[number.mark] += 1
    return max(votes, key=lambda mark: votes[mark], default="")


def _in_row(row: Row, mark: str) -> Iterator[Amount]:
    at = 0
    while at < len(row.tokens):
        amount = _at(row, at, mark)
        if amount:
            yield amount
        at = amount.last if amount else at + 1


def _at(row: Row, at: int, mark: str) -> Amount | None:
    found = AMOUNT.fullmatch(NO_CENTS.sub("", row.tokens[at].text))
    if not found or not _may_be_amount(found):
        return None
    digits, last, after = found["digits"], at + 1, found["after"]
    if not after:
        digits, last, after = _joined(row, at, digits)
    number = parse(digits.rstrip(MARKS + APOSTROPHES), mark)
    if number is None:
        return None
    before, after = _around(row, at, last, found["before"], after)
    sign = -1 if _is_negative(before, after) else 1
    return Amount(
        sign * number.value,
        number.decimals,
        row,
        at,
        last,
        row.starts[at] + found.start("digits"),
        currencies.sign(before, after),
        PERCENT in after[:2],
        number.sure,
    )


def _may_be_amount(found: re.Match[str]) -> bool:
    """Return whether what is glued to the digits leaves them an amount: an id or a size has letters close to them."""
    before, digits, after = found.groups()
    is_label = before[-1:].isalpha() and (bool(CENTS.search(digits)) or after.startswith(PERCENT))
    if before and not (currencies.ends_in_one(before) or is_label or NO_LETTER_BEFORE.fullmatch(before)):
        return False
    return (
        after[:1] in ("", PERCENT) or currencies.begins_with_one(after) or NO_LETTER_AFTER.fullmatch(after) is not None
    )


def _joined(row: Row, at: int, digits: str) -> tuple[str, int, str]:
    """Return digits with those behind them whose gaps are spaces inside of one number, their end, what follows them."""
    last = at + 1
    while last < len(row.tokens) and row.gap(last - 1) < NUMBER_GAP:
        found = AMOUNT.fullmatch(row.tokens[last].text)
        if not found or found["before"]:
            break
        if OPEN_ENDED.fullmatch(digits) and len(found["digits"]) <= 3:
            return digits + found["digits"], last + 1, found["after"]
        grouped = len(digits.split(" ")[0]) <= 3 and digits.replace(" ", "").isdigit()
        if not grouped or not GROUP.fullmatch(found["digits"]):
            break
        digits, last = f"{digits} {found['digits']}", last + 1
        if found["after"] or not found["digits"].isdigit():
            return digits, last, found["after"]
    return digits, last, ""


def _around(row: Row, first: int, last: int, before: str, after: str) -> tuple[str, str]:
    """Return what stands close before and after the digits, the words beside them as well."""
    if first and not before and row.gap(first - 1) < 1.0:
        word = row.tokens[first - 1].text
        before = word if currencies.ends_in_one(word) or set(word) <= set(MINUS + "(") else before
    if last < len(row.tokens) and not after and row.gap(last - 1) < 1.0:
        word = row.tokens[last].text
        after = word if currencies.begins_with_one(word) or word[0] == PERCENT else after
    return before, after


def _is_negative(before: str, after: str) -> bool:
    """Return whether a minus stands before the digits, or at their end as some programs have it."""
    bare = before.strip("( ")
    return bool(bare and (bare[0] in MINUS or bare[-1] in MINUS)) or bool(after and after[0] in MINUS)

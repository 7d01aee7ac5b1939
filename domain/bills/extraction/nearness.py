"""What a label says stands beside it or under it."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from domain.bills.extraction import labels
from domain.bills.extraction.labels import Label
from domain.bills.extraction.layout import Cell, Row, Sheet

# What may stand between a label and its value.
FILLERS = re.compile(
    r"[\s:.#№°º=\-–—>*|,)/]*(?:\([^)\d]{1,30}\)[\s:.]*)?(?:(?:is|vom|du|le|lautet|на|dnia|del|van)\b[\s:.]*)?",
    re.IGNORECASE,
)
RIGHT, BELOW = "right", "below"

Value = TypeVar("Value")


class Spot(NamedTuple):
    """A place where a value may begin, and how it lies to its label."""

    row: Row
    start: int
    where: str


def spots(sheet: Sheet, label: Label) -> Iterator[Spot]:
    """Yield where the value of a label may begin, the likeliest first."""
    row, cell = label.row, label.row.cell_at(label.start)
    start = _skipped(row, label.end)
    # Two labels may share a value: Invoice date / Delivery date.
    ends = [one.end for one in labels.find(row) if one.start == start]
    if ends and _skipped(row, max(ends)) >= cell.end:
        start = cell.end
    if start < cell.end:
        yield Spot(row, start, RIGHT)
        return
    after = next((other for other in row.cells if other.start > cell.start), None)
    if after:
        yield Spot(row, _skipped(row, after.start), RIGHT)
    labelled = Cell(row, row.token_at(label.start), cell.last)
    for other in sheet.below(labelled):
        yield Spot(other.row, _skipped(other.row, other.start), BELOW)


def near(sheet: Sheet, label: Label, read: Callable[[Row, int], Value | None]) -> tuple[Value, str] | None:
    """Return the first value that `read` finds at a spot of the label, and where it lies."""
    for spot in spots(sheet, label):
        value = read(spot.row, spot.start)
        if value is not None:
            return value, spot.where
    return None


def _skipped(row: Row, start: int) -> int:
    found = FILLERS.match(row.text, start)
    return found.end() if found else start

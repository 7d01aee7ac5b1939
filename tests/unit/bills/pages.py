"""Pages that tests write as they look: each line is a row, each letter has its place, three spaces part columns."""

import re

from domain.bills.content import TEXT, Box, Page, Reading, Word

# In points: letters are as wide as in print, so that a space is narrower than half of a row's height.
LETTER, ROW, HEIGHT, MARGIN = 5.0, 15.0, 10.5, 40.0


def page(text: str, origin: str = TEXT, number: int = 1, confidence: float = 1.0) -> Page:
    """Return a page with the words of a text where it has them."""
    lines = text.strip("\n").splitlines()
    width = 2 * MARGIN + LETTER * max(map(len, lines), default=1)
    height = max(2 * MARGIN + ROW * len(lines), 500.0)
    words = [
        Word(found[0], _box(found.start(), found.end(), at, width, height), confidence)
        for at, line in enumerate(lines)
        for found in re.finditer(r"\S+", line)
    ]
    return Page(number, width, height, origin, words)


def reading(*texts: str, origin: str = TEXT, xml: dict | None = None) -> Reading:
    """Return what a file with these pages says."""
    return Reading([page(text, origin, number) for number, text in enumerate(texts, 1)], xml)


def _box(start: int, end: int, line: int, width: float, height: float) -> Box:
    top = MARGIN + ROW * line
    return Box(
        (MARGIN + LETTER * start) / width, top / height, (MARGIN + LETTER * end) / width, (top + HEIGHT) / height
    )

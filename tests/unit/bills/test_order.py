"""Words come line by line, each from the left, also where the page lies askew."""

import random

import pytest

from domain.bills.content import Box, Word
from domain.bills.reading.order import in_order

LINES = [["Invoice", "R-1"], ["Total", "1,234.50", "EUR"], ["Thanks"]]


def page(slope: float = 0.0, height: float = 0.02) -> list[Word]:
    """Return the words of LINES, shuffled; a line sinks by `slope` over the width."""
    words = []
    for row, line in enumerate(LINES):
        for column, text in enumerate(line):
            left, top = 0.1 + 0.4 * column, 0.1 + 0.03 * row
            top += slope * left
            words.append(Word(text, Box(left, top, left + 0.1, top + height)))
    random.Random(7).shuffle(words)
    return words


@pytest.mark.parametrize("slope", [0.0, 0.05, -0.05, 0.2])
def test_words_are_read_line_by_line(slope):
    assert [word.text for word in in_order(page(slope), slope)] == [text for line in LINES for text in line]


def test_letters_of_different_height_stand_in_one_line():
    words = [
        Word("Total", Box(0.1, 0.1, 0.2, 0.12)),
        Word("9", Box(0.3, 0.09, 0.35, 0.13)),
        Word("-", Box(0, 0.11, 0.01, 0.112)),
    ]
    assert [word.text for word in in_order(words)] == ["-", "Total", "9"]


def test_no_words_are_no_lines():
    assert in_order([]) == []

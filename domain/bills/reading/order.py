"""The order in which one reads the words of a page: line by line from the top, each from the left."""

from collections.abc import Sequence
from statistics import fmean

from domain.bills.content import Word

# Two words stand in one line if their middles are no further apart than this part of the lower one's height.
APART = 0.5


def in_order(words: Sequence[Word], slope: float = 0.0) -> list[Word]:
    """Return the words as one reads them; where a page lies askew its lines sink by `slope` of it."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda one: _middle(one, slope)):
        if lines and _beside(lines[-1], word, slope):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [word for line in lines for word in sorted(line, key=lambda one: one.box.left)]


def _beside(line: Sequence[Word], word: Word, slope: float) -> bool:
    middle = fmean(_middle(one, slope) for one in line[-8:])
    height = min(_height(word), fmean(_height(one) for one in line[-8:]))
    return abs(_middle(word, slope) - middle) <= APART * height


def _middle(word: Word, slope: float) -> float:
    return (word.box.top + word.box.bottom) / 2 - slope * (word.box.left + word.box.right) / 2


def _height(word: Word) -> float:
    return word.box.bottom - word.box.top

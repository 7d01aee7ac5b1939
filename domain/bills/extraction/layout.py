"""A page's words in rows, as one reads them: what stands beside what, and under what."""

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, wraps
from typing import Any, NamedTuple, TypeVar

from domain.bills.content import TEXT, Box, Page, Reading, Word

# A larger gap than this many heights of a word is one between columns.
COLUMN_GAP = 1.1
# A space inside of a number is at most so wide.
NUMBER_GAP = 0.55
# Scans are turned by less; in steps of a tenth of a degree.
MOST_TILT_DEGREES, TILT_STEPS = 3.5, 35
FIRST_PAGES, LAST_PAGES, MOST_WORDS, MOST_LETTERS, LONGEST_WORD = 6, 3, 3000, 30_000, 150
# Each token is compared with its row: one without end would take the square of its length.
MOST_IN_ROW = 250
DROPPED = set(".,:;-–—_'’`´\"“”„()[]{}/\\|*°º·•●<>~^¬")

# Letters that are no others with an accent, and a sign that is one letter.
BARRED = {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ð": "d", "ς": "σ", "№": "№"}
# Two words that a picture has glued together: a rate and an amount.
WORDS = re.compile(r"\S+?%\)?(?=[€$£\-]?\d|[A-Z]{3}\s?\d)|\S+")


class Token(NamedTuple):
    """A word without white space in it, where it stands, and how low its middle is once the page is level."""

    text: str
    box: Box
    confidence: float
    middle: float


@dataclass(frozen=True, eq=False)
class Row:
    """The tokens that stand beside each other. Offsets are those of `text`, which has one space between two tokens."""

    number: int
    page: Page
    tokens: Sequence[Token]
    # What `once_a_row` has found.
    memo: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def text(self) -> str:
        return " ".join(token.text for token in self.tokens)

    @cached_property
    def starts(self) -> list[int]:
        """Return the offset at which each token begins."""
        starts, at = [], 0
        for token in self.tokens:
            starts.append(at)
            at += len(token.text) + 1
        return starts

    @cached_property
    def _squeezed(self) -> tuple[str, list[int]]:
        column_ends = {cell.end for cell in self.cells[:-1]}
        letters = enumerate(plain(self.text))
        kept = [
            ("\n" if at in column_ends else letter, at)
            for at, letter in letters
            if at in column_ends or (letter != " " and letter not in DROPPED)
        ]
        return "".join(letter for letter, _ in kept), [at for _, at in kept]

    @property
    def squeezed(self) -> str:
        """Return the text in plain letters without spaces and punctuation, and with a line's end between two cells.

        So words of wide letters are whole in it.
        """
        return self._squeezed[0]

    def offset(self, squeezed: int) -> int:
        """Return the offset of what `squeezed` has at this place."""
        places = self._squeezed[1]
        return places[squeezed] if squeezed < len(places) else len(self.text)

    def starts_word(self, offset: int) -> bool:
        """Return whether a word begins there: behind a space, punctuation or a digit."""
        return offset == 0 or not self.text[offset - 1].isalpha()

    def ends_word(self, offset: int) -> bool:
        """Return whether the letter before is the last of a word; words may be glued: `InvoiceDate`, `No4711`."""
        if offset >= len(self.text) or not self.text[offset].isalpha():
            return True
        return self.text[offset].isupper() and self.text[offset - 1].islower()

    def token_at(self, offset: int) -> int:
        """Return the index of the token that is there."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def span(self, start: int, end: int) -> Sequence[Token]:
        """Return the tokens between two offsets."""
        return self.tokens[self.token_at(start) : self.token_at(max(start, end - 1)) + 1]

    def gap(self, index: int) -> float:
        """Return the gap between a token and the next one, in heights of the lower one."""
        left, right = self.tokens[index], self.tokens[index + 1]
        height = min(left.box.bottom - left.box.top, right.box.bottom - right.box.top) * self.page.height
        # A dash is hardly high.
        height = max(height, self.height * 0.6)
        return (right.box.left - left.box.right) * self.page.width / height

    @cached_property
    def height(self) -> float:
        """Return the height of the row's tokens in points: the middle one of all."""
        heights = sorted(token.box.bottom - token.box.top for token in self.tokens)
        return max(heights[len(heights) // 2] * self.page.height, 1e-6)

    @cached_property
    def cells(self) -> list["Cell"]:
        """Return the row's pieces with gaps between them that are wider than a space."""
        ends = [at + 1 for at in range(len(self.tokens) - 1) if self.gap(at) > COLUMN_GAP] + [len(self.tokens)]
        return [Cell(self, first, last) for first, last in zip([0, *ends], ends, strict=False)]

    def cell_at(self, offset: int) -> "Cell":
        """Return the cell that is there."""
        index = self.token_at(offset)
        return next(cell for cell in self.cells if cell.first <= index < cell.last)

    @property
    def top(self) -> float:
        return self.tokens[0].box.top


@dataclass(frozen=True, eq=False)
class Cell:
    """The tokens of a row from `first` to before `last`."""

    row: Row
    first: int
    last: int

    @property
    def start(self) -> int:
        return self.row.starts[self.first]

    @property
    def end(self) -> int:
        return self.row.starts[self.last - 1] + len(self.row.tokens[self.last - 1].text)

    @property
    def text(self) -> str:
        return self.row.text[self.start : self.end]

    @cached_property
    def box(self) -> Box:
        return around(self.row.tokens[self.first : self.last])


Found = TypeVar("Found")


def once_a_row(find: Callable[[Row], Found]) -> Callable[[Row], Found]:
    """Return a function that looks at each row once: several fields ask for the same."""

    @wraps(find)
    def remembered(row: Row) -> Found:
        name = f"{find.__module__}.{find.__name__}"
        if name not in row.memo:
            row.memo[name] = find(row)
        return row.memo[name]

    return remembered


class Sheet:
    """The rows of a reading, from the first page's top to the last one's bottom.

    Of many pages those in the middle are left out: they have lines, and who has more of them than a person can look at
    wants to keep us busy. So are the words of a page behind its first MOST_WORDS, or MOST_LETTERS.
    """

    def __init__(self, reading: Reading):
        self.rows: list[Row] = []
        pages = list(reading.pages)
        for page in pages[:FIRST_PAGES] + pages[FIRST_PAGES:][-LAST_PAGES:]:
            self.rows += [Row(len(self.rows) + at, page, tokens) for at, tokens in enumerate(_rows(page))]

    @cached_property
    def squeezed(self) -> str:
        """Return all rows' letters, one row behind the other."""
        return "\n".join(row.squeezed for row in self.rows)

    def below(self, cell: Cell, rows: int = 3) -> Iterator[Cell]:
        """Yield the cells of the next rows that stand under a cell, the nearest first."""
        box = cell.box
        for row in self.rows[cell.row.number + 1 : cell.row.number + 1 + rows]:
            if row.page is not cell.row.page:
                return
            yield from (other for other in row.cells if overlap(box, other.box) > 0)

    def above(self, box: Box, row: Row, rows: int) -> Iterator[Cell]:
        """Yield the cells of earlier rows that stand over a box, the nearest first."""
        for other in reversed(self.rows[max(0, row.number - rows) : row.number]):
            if other.page is not row.page:
                return
            yield from (cell for cell in other.cells if overlap(box, cell.box) > 0)


def overlap(one: Box, other: Box) -> float:
    """Return how much of the page's width two boxes share, less than 0 if they stand beside each other."""
    return min(one.right, other.right) - max(one.left, other.left)


def around(tokens: Sequence[Token]) -> Box:
    """Return the box around tokens."""
    return Box(
        min(token.box.left for token in tokens),
        min(token.box.top for token in tokens),
        max(token.box.right for token in tokens),
        max(token.box.bottom for token in tokens),
    )


@lru_cache(maxsize=4096)
def _plain_letter(letter: str) -> str:
    base = BARRED.get(letter.lower()) or unicodedata.normalize("NFKD", letter.lower())[:1] or " "
    return " " if base.isspace() else base


def plain(text: str) -> str:
    """Return a text of the same length in lower case and without accents."""
    return "".join(map(_plain_letter, text))


def squeeze(text: str) -> str:
    """Return a text in plain letters without spaces and punctuation, as `Row.squeezed` has it."""
    return "".join(letter for letter in plain(text) if letter != " " and letter not in DROPPED)


def _rows(page: Page) -> list[list[Token]]:
    """Return the tokens of each row, from left to right."""
    pieces = [piece for word in _bounded(page.words) if not _is_upright(word, page) for piece in _pieces(word)]
    pieces = pieces[:MOST_WORDS]
    tilt = _tilt(page, pieces)
    tokens = [_token(piece, page, tilt) for piece in pieces]
    rows: list[list[Token]] = []
    for token in sorted(tokens, key=lambda token: token.middle):
        home = next((row for row in rows[:-4:-1] if len(row) < MOST_IN_ROW and _beside(token, row)), None)
        if home is None:
            rows.append([token])
        else:
            home.append(token)
    return [sorted(row, key=lambda token: token.box.left) for row in rows]


def _beside(token: Token, row: Sequence[Token]) -> bool:
    """Return whether a token is of this row: its middle is within the row's, whatever the size of the letters."""
    height = token.box.bottom - token.box.top
    middle = sum(other.middle for other in row) / len(row)
    highest = max(other.box.bottom - other.box.top for other in row)
    return abs(token.middle - middle) < 0.5 * min(max(height, 0.6 * highest), max(highest, 0.6 * height))


def _bounded(words: Sequence[Word]) -> Iterator[Word]:
    letters = 0
    for word in words[:MOST_WORDS]:
        letters += min(len(word.text), LONGEST_WORD)
        if letters > MOST_LETTERS:
            return
        yield word


def _is_upright(word: Word, page: Page) -> bool:
    """Return whether a word is written from bottom to top, as in a margin."""
    width, height = (word.box.right - word.box.left) * page.width, (word.box.bottom - word.box.top) * page.height
    return len(word.text) > 2 and height > 2 * width


def _pieces(word: Word) -> Iterator[Word]:
    """Yield the parts of a word that has spaces in it, each where it stands about."""
    text, box = word.text[:LONGEST_WORD], word.box
    for part in WORDS.finditer(text):
        step = (box.right - box.left) / len(text)
        edges = Box(box.left + part.start() * step, box.top, box.left + part.end() * step, box.bottom)
        yield Word(part[0], edges, word.confidence)


def _token(word: Word, page: Page, tilt: float) -> Token:
    box = word.box
    middle = (box.top + box.bottom) / 2 - tilt * (box.left + box.right) / 2 * page.width / page.height
    return Token(word.text, box, word.confidence, middle)


def _tilt(page: Page, words: Sequence[Word]) -> float:
    """Return the slope of a page's rows: 0 for a text layer, and for a picture the one with which they are sharpest."""
    if page.origin == TEXT or len(words) < 8:
        return 0.0
    slopes = [
        math.tan(math.radians(MOST_TILT_DEGREES * step / TILT_STEPS)) for step in range(-TILT_STEPS, TILT_STEPS + 1)
    ]
    heights = sorted(word.box.bottom - word.box.top for word in words)
    bin_height = max(heights[len(heights) // 2] / 2, 1e-4)
    level = _sharpness(words, page, 0.0, bin_height)
    best = max(slopes, key=lambda slope: _sharpness(words, page, slope, bin_height))
    return best if _sharpness(words, page, best, bin_height) > 1.15 * level else 0.0


def _sharpness(words: Iterable[Word], page: Page, slope: float, bin_height: float) -> float:
    counts: dict[int, int] = {}
    for word in words:
        middle = (word.box.top + word.box.bottom) / 2 - slope * (
            word.box.left + word.box.right
        ) / 2 * page.width / page.height
        for at in (math.floor(middle / bin_height), math.floor(middle / bin_height + 0.5) + 1_000_000):
            counts[at] = counts.get(at, 0) + 1
    return float(sum(count * count for count in counts.values()))

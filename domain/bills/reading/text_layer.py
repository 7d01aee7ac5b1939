"""The words that a page of a PDF draws as text, in the jail."""

import ctypes
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from domain.bills.reading.limits import MAX_LETTERS, MAX_WORDS

MAX_CHARACTERS = 100_000
# With fewer readable characters, or fewer than half of all, a page counts as a picture.
ENOUGH = 20
# A page is this many units wide and high when a place on it is asked for; so many points apart two places tell all.
UNITS, APART = 1_000_000, 1000
# Drawn with neither fill nor stroke: a scanner's own text recognition, or what nobody is to see.
INVISIBLE = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
HYPHENS = {0x02: "-", 0xFFFE: "-"}  # PDFium's marks for one at the end of a line
UNKNOWN = {"Cc", "Cn", "Co", "Cs"}
Entry = list[str | float]
Place = tuple[float, float]


class Character(NamedTuple):
    """A character as it is read, empty if it cannot be; and its number among those of the page."""

    text: str
    number: int


def words(page: pypdfium2.PdfPage) -> tuple[list[Entry], bool]:
    """Return [text, left, top, right, bottom, 1] of each word, in fractions of the page, and whether it is a scan.

    What is drawn so that it cannot be seen is no word.
    """
    text, place = page.get_textpage(), _places(page)
    found: list[Entry] = []
    readable = unreadable = 0
    for word in _split(text):
        box = _box(place, text, word)
        if box is None or not _is_seen(text, word[0].number):
            continue
        letters = "".join(character.text for character in word)
        readable += len(letters)
        unreadable += sum(not character.text for character in word)
        if letters and len(found) < MAX_WORDS:
            found.append([letters[:MAX_LETTERS], *box, 1])
    return found, readable < max(ENOUGH, unreadable)


def _split(text: pypdfium2.PdfTextPage) -> Iterator[list[Character]]:
    word: list[Character] = []
    raw = text.raw
    for index in range(min(text.count_chars(), MAX_CHARACTERS)):
        code = pdfium.FPDFText_GetUnicode(raw, index)
        if chr(code).isspace():
            if word:
                yield word
            word = []
        else:
            lost = pdfium.FPDFText_HasUnicodeMapError(raw, index) == 1
            word.append(Character("" if lost else _readable(code), index))
    if word:
        yield word


@cache
def _readable(code: int) -> str:
    """Return the character, a ligature or one of full width as what it stands for; nothing if it says nothing."""
    character = HYPHENS.get(code) or chr(code)
    if unicodedata.category(character) in UNKNOWN or character == "\ufffd":
        return ""
    if 0xFB00 <= code <= 0xFB06 or 0xFF01 <= code <= 0xFF5E:
        return unicodedata.normalize("NFKC", character)
    return character if character.isprintable() else ""


def _is_seen(text: pypdfium2.PdfTextPage, index: int) -> bool:
    part = pdfium.FPDFText_GetTextObject(text, index)
    if part and pdfium.FPDFTextObj_GetTextRenderMode(part) in INVISIBLE:
        return False
    red, green, blue, opacity = (ctypes.c_uint(255) for _ in range(4))
    known = pdfium.FPDFText_GetFillColor(text, index, red, green, blue, opacity)
    return not known or opacity.value > 0


def _box(
    place: Callable[[float, float], Place], text: pypdfium2.PdfTextPage, word: list[Character]
) -> list[float] | None:
    """Return left, top, right, bottom as the page is shown; None if it is off the page, or too small to be seen."""
    corners = []
    for index in {word[0].number, word[-1].number}:
        box = pdfium.FS_RECTF()
        if not pdfium.FPDFText_GetLooseCharBox(text, index, box):
            return None
        corners += [place(box.left, box.top), place(box.right, box.bottom)]
    across, down = zip(*corners, strict=True)
    box = [min(across), min(down), max(across), max(down)]
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    if not all(0 <= one <= 1 for one in middle) or box[0] == box[2] or box[1] == box[3]:
        return None
    return [min(1.0, max(0.0, side)) for side in box]


def _places(page: pypdfium2.PdfPage) -> Callable[[float, float], Place]:
    """Return what tells where a point is as the page is shown: the same in steps along each side."""
    left, top = _place(page, 0, 0)
    (right, aside), (across, down) = _place(page, APART, 0), _place(page, 0, APART)
    (a, b), (c, d) = ((right - left) / APART, (aside - top) / APART), ((across - left) / APART, (down - top) / APART)
    return lambda x, y: (left + a * x + c * y, top + b * x + d * y)


def _place(page: pypdfium2.PdfPage, x: float, y: float) -> Place:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, UNITS, UNITS, 0, x, y, across, down)
    return across.value / UNITS, down.value / UNITS

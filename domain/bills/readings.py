"""A reading as its bill's row keeps it: packed, in whole numbers of a ten thousandth of a page."""

import zlib
from typing import Any

import orjson

from domain.bills.content import Box, Page, Reading, Word

PARTS = 10_000


def pack(reading: Reading) -> bytes:
    """Return the reading as bytes."""
    pages = [
        [page.number, page.width, page.height, page.origin, page.turned, [_packed(word) for word in page.words]]
        for page in reading.pages
    ]
    return zlib.compress(orjson.dumps([reading.xml, list(reading.scans), pages, dict(reading.unread)]))


def unpack(packed: bytes) -> Reading:
    """Return the reading that `pack` has packed, maybe in a version that did not know all of its members yet."""
    xml, scans, pages, *later = orjson.loads(zlib.decompress(packed))
    return Reading([_page(*page) for page in pages], xml, scans, *later)


def _page(number: int, width: float, height: float, origin: str, turned: int, words: list[Any]) -> Page:
    return Page(number, width, height, origin, [_word(*word) for word in words], turned)


def _packed(word: Word) -> list[Any]:
    return [word.text, *(round(PARTS * side) for side in word.box), round(100 * word.confidence)]


def _word(text: str, *rest: int) -> Word:
    *sides, confidence = rest
    return Word(text, Box(*(side / PARTS for side in sides)), confidence / 100)

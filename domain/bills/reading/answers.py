"""What the jail says of a file, believed only where it is what it must be: it may have been taken over."""

import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from domain.bills.content import FIELDS, Box, Word
from domain.bills.reading.limits import MAX_LETTERS, MAX_POINTS, MAX_WORDS

MAX_TEXT, MAX_ENTRIES = 1000, 10_000
MEMBERS: Mapping[str, frozenset[str]] = {
    "taxes": frozenset(("rate", "base", "tax")),
    "lines": frozenset(("description", "quantity", "unit_price", "tax_rate", "total")),
}
PNG = b"\x89PNG\r\n\x1a\n"
# Of a chunk of a PNG: its length, its name, and its checksum behind its content.
LENGTH, NAME, CHECKSUM = 4, 4, 4
GREY_OR_RGB = (b"\x08\x00\x00\x00\x00", b"\x08\x02\x00\x00\x00")  # of 8 bits, packed as usual, not interlaced


class Pixels(NamedTuple):
    """A grey picture: a byte each, row by row."""

    width: int
    height: int
    grey: bytes


class NotBelieved(Exception):
    """The answer is not what it must be."""


def believe(condition: object) -> None:
    """Raise NotBelieved unless `condition` is true."""
    if not condition:
        raise NotBelieved


def loaded(answer: bytes) -> Any:
    """Return the JSON of an answer."""
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise NotBelieved from None


def members(value: Any, *names: str) -> list[Any]:
    """Return the members of an object that has exactly these."""
    believe(isinstance(value, dict) and value.keys() == set(names))
    return [value[name] for name in names]


def number(value: Any, least: float, most: float) -> float:
    """Return a number that lies between these, themselves included."""
    believe(isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most)
    return float(value)


def truth(value: Any) -> bool:
    """Return true or false."""
    believe(isinstance(value, bool))
    return bool(value)


def points(value: Any) -> float:
    """Return the side of a page."""
    return number(value, 0, MAX_POINTS)


def entries(value: Any, most: int) -> list[Any]:
    """Return a list of no more than so many entries."""
    believe(isinstance(value, list) and len(value) <= most)
    return value


def words(value: Any) -> list[Word]:
    """Return the words of [[text, left, top, right, bottom, confidence], ...]."""
    return [_word(one) for one in entries(value, MAX_WORDS)]


def _word(value: Any) -> Word:
    believe(isinstance(value, list) and len(value) == 6)
    text, *sides, confidence = value
    believe(isinstance(text, str) and 0 < len(text) <= MAX_LETTERS and text.isprintable() and " " not in text)
    left, top, right, bottom = (number(side, 0, 1) for side in sides)
    believe(left < right and top < bottom)
    return Word(text, Box(left, top, right, bottom), number(confidence, 0, 1))


def e_invoice(value: Any) -> Mapping[str, Any] | None:
    """Return what an e-invoice says: texts, and lists of them by name."""
    if value is None:
        return None
    believe(isinstance(value, dict) and value.keys() <= set(FIELDS))
    for name, said in value.items():
        if name in MEMBERS:
            for entry in entries([] if said is None else said, MAX_ENTRIES):
                believe(isinstance(entry, dict) and entry.keys() <= MEMBERS[name])
                believe(all(map(_is_text, entry.values())))
        else:
            believe(_is_text(said))
    return value


def _is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= MAX_TEXT and "\0" not in value)


def pixels(answer: bytes, most: int) -> Pixels:
    """Return no more than so many grey pixels."""
    width, height = (int.from_bytes(answer[start:end], "big") for start, end in pairwise((0, 4, 8)))
    believe(0 < width * height <= most and len(answer) == 8 + width * height)
    return Pixels(width, height, answer[8:])


def png(answer: bytes, side: int) -> bytes:
    """Return a PNG of grey or RGB pixels, at most `side` of them wide and high, and of nothing else."""
    believe(answer.startswith(PNG))
    chunks = _chunks(answer)
    (first, head), *middle, (last, end) = chunks if len(chunks) > 2 else [(b"", b"")] * 3
    believe(first == b"IHDR" and last == b"IEND" and not end and all(name == b"IDAT" for name, _ in middle))
    believe(len(head) == 13 and head[8:] in GREY_OR_RGB)
    believe(all(0 < int.from_bytes(head[start : start + 4], "big") <= side for start in (0, 4)))
    return answer


def _chunks(answer: bytes) -> Sequence[tuple[bytes, bytes]]:
    found, start = [], len(PNG)
    while start < len(answer):
        body = start + LENGTH + NAME
        end = body + int.from_bytes(answer[start : start + LENGTH], "big")
        named, checksum = answer[start + LENGTH : end], answer[end : end + CHECKSUM]
        believe(len(checksum) == CHECKSUM and zlib.crc32(named) == int.from_bytes(checksum, "big"))
        found.append((named[:NAME], named[NAME:]))
        start = end + CHECKSUM
    return found

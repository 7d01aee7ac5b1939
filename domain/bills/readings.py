"""A reading as its bill's row keeps it: packed, in whole numbers of a ten thousandth of a page, and encrypted.

An installation without a master key keeps it packed.
"""

import zlib
from typing import Any

import orjson
from sqlalchemy.orm import Session

from db.models import Bill
from domain import encryption, master_keys
from domain.bills.content import Box, Page, Reading, Word

PARTS = 10_000
COLUMN = "bills.reading"


def of(session: Session, bill: Bill) -> Reading | None:
    """Return what was read in a bill, None if nothing was, or its key is lost; raise MasterKeyLacking."""
    packed = opened(session, bill.organization_id, bill.id, bill.reading)
    return unpack(packed) if packed else None


def opened(session: Session, organization_id: int, bill_id: int, value: bytes | None) -> bytes | None:
    """Return the packed reading of a bill's row; what is lost is read again. Raise MasterKeyLacking."""
    if value is None or value[0] != encryption.VERSION:  # packed alone it begins as zlib's streams do
        return value
    try:
        return encryption.decrypt_bytes(session, organization_id, COLUMN, bill_id, value)
    except master_keys.Undecryptable:
        return None


def sealed(session: Session, organization_id: int, bill_id: int, packed: bytes | None) -> bytes | None:
    """Return a packed reading as a bill's row keeps it."""
    if packed is None or not master_keys.are_given():
        return packed
    key = encryption.organization_key(session, organization_id)
    return key.seal_bytes(organization_id, COLUMN, bill_id, packed)


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

"""What a bill's row keeps of its reading, whichever version wrote it."""

import zlib

import orjson

from domain.bills import readings
from domain.bills.content import TEXT, Box, Page, Reading, Word

WORDS = [Word("Total", Box(0.1, 0.2, 0.3, 0.25), 0.97)]
READING = Reading([Page(1, 595, 842, TEXT, WORDS, 0)], {"currency": "EUR"}, [2], {"it is too dark": [3]})


def test_a_reading_comes_back_as_it_was_kept() -> None:
    assert readings.unpack(readings.pack(READING)) == READING


def test_a_reading_that_was_kept_before_pages_could_be_left_unread_is_understood() -> None:
    kept = orjson.loads(zlib.decompress(readings.pack(READING)))
    assert readings.unpack(zlib.compress(orjson.dumps(kept[:3]))) == READING._replace(unread={})

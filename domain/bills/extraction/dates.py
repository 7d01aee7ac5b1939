"""Dates as people write them, in numbers and in words of many languages; what is no day of the calendar is none."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

from babel.dates import get_month_names

from domain.bills.extraction.layout import Row, once_a_row, plain

LANGUAGES = (
    "en", "de", "fr", "bg", "es", "it", "nl", "pl", "pt", "cs", "da", "sv", "ro", "hu", "fi", "nb", "sk", "el", "sl",
    "et", "lv", "lt", "hr",
)  # fmt: skip
FIRST_YEAR, LAST_YEAR = 1990, 2099
DMY, MDY, YMD, NAMED, NAMED_OTHERWISE = "dmy", "mdy", "ymd", "named", "named otherwise"
# Where the month is written before the day, and where the year comes first.
MONTH_FIRST = {"USD"}
SEPARATORS = r"[./\-‐–]"
NUMERIC = re.compile(
    rf"(?<![\d./\-])(?<!\d,)(\d{{1,4}})\s?({SEPARATORS})\s?(\d{{1,2}})\s?\2\s?(\d{{4}}|\d{{1,2}})(?!\d(?!\d:)|[.,/\-]\d)",
    re.ASCII,
)
# A number and its date may have a slash between: 4711/05.03.2026.
BEHIND_SLASH = re.compile(r"(?<=\d/)(\d{1,2})(\.)(\d{1,2})\.(\d{4})(?!\d)", re.ASCII)
COMPACT = re.compile(r"(?<![\w\-/])(20\d{2})(\d{2})(\d{2})(?![\w\-/])", re.ASCII)
ORDINAL = r"(?:\s?(?:[.º°]|(?:st|nd|rd|th|er|-?ти|-?ви|-?ри|-?ми)(?![^\W\d_])))?"
OF = r"(?:\s?(?:de|del|of|of the)\s)?"
WORD = r"([^\W\d_]{3,14})"
DAY_FIRST = re.compile(
    rf"(?<![\d./\-])(?<!\d,)(\d{{1,2}}){ORDINAL}[\s.\-/]*{OF}{WORD}\.?[\s.,\-/]*{OF}(\d{{4}}|'?\d{{2}})(?!\d)"
)
MONTH_BEFORE = re.compile(rf"{WORD}\.?\s*(\d{{1,2}})(?:st|nd|rd|th)?\s?,?\s*(\d{{4}})(?!\d)", re.IGNORECASE)
YEAR_FIRST = re.compile(rf"(?<!\d)(20\d{{2}})\.?\s(?:m\.\s)?{WORD}\.?\s(\d{{1,2}})(?!\d|[.,/]\d)")


class Hit(NamedTuple):
    """A date in a row, and the days it may mean, by order: one of 3/4/2026 is April's, the other March's."""

    row: Row
    start: int
    end: int
    meanings: dict[str, date]

    @property
    def is_sure(self) -> bool:
        return len(set(self.meanings.values())) == 1

    def day(self, order: str) -> date:
        """Return the day that is meant on a page whose dates have this order."""
        return self.meanings.get(order) or next(iter(self.meanings.values()))


@cache
def months() -> dict[str, list[int]]:
    """Return the month that each name in plain letters means: listopad is November, and October in Croatian."""
    found: dict[str, list[int]] = {}
    for language in LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in get_month_names(width, context, language).items():
                    meant = found.setdefault(plain(name).strip(". "), [])
                    meant += [number] * (number not in meant)
    # Shorter ways, and letters that are lost in pictures.
    more = {"sept": 9, "mrz": 3, "maerz": 3, "janv": 1, "fevr": 2, "juil": 7, "agosto": 8, "set": 9, "ene": 1, "gen": 1}
    found |= {name: [number] for name, number in more.items()}
    return {name: meant for name, meant in found.items() if len(name) >= 3 and not name[0].isdigit()}


@once_a_row
def find(row: Row) -> list[Hit]:
    """Return the dates in a row, from left to right; of two that share letters the longer one."""
    hits = sorted(_hits(row), key=lambda hit: (hit.start, -hit.end))
    kept: list[Hit] = []
    for hit in hits:
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def _hits(row: Row) -> Iterator[Hit]:
    for pattern in (NUMERIC, BEHIND_SLASH):
        for found in pattern.finditer(row.text):
            yield from _hit(row, found, _numeric(*found.group(1, 3, 4)))
    for found in COMPACT.finditer(row.text):
        yield from _hit(row, found, _meanings({YMD: (found[1], found[2], found[3])}))
    yield from _in_words(row, DAY_FIRST, lambda day, month, year: _named(year, month, day))
    yield from _in_words(row, YEAR_FIRST, lambda year, month, day: _named(year, month, day))
    yield from _in_words(row, MONTH_BEFORE, lambda month, day, year: _named(year, month, day))


def _in_words(row: Row, pattern: re.Pattern[str], read: Callable[..., dict[str, date]]) -> Iterator[Hit]:
    """Yield the dates of a pattern; where its word is no month a date may begin: `Tel. 12 34 56 Issued 01 Apr 2026`."""
    at = 0
    while found := pattern.search(row.text, at):
        meanings = read(*found.groups())
        yield from _hit(row, found, meanings)
        at = found.end() if meanings else found.end(1)


def _hit(row: Row, found: re.Match[str], meanings: dict[str, date]) -> Iterator[Hit]:
    if meanings:
        yield Hit(row, found.start(), found.end(), meanings)


def _numeric(first: str, second: str, third: str) -> dict[str, date]:
    if len(first) == 4:
        return _meanings({YMD: (first, second, third)})
    if len(first) > 2 or len(third) not in (2, 4):
        return {}
    return _meanings({DMY: (third, second, first), MDY: (third, first, second)})


def _named(year: str, month: str, day: str) -> dict[str, date]:
    meant = zip((NAMED, NAMED_OTHERWISE), months().get(plain(month), ()), strict=False)
    return _meanings({order: (year.strip("'"), str(number), day) for order, number in meant})


def _meanings(parts: dict[str, tuple[str, str, str]]) -> dict[str, date]:
    return {order: day for order, written in parts.items() if (day := _day(*map(int, written)))}


def _day(year: int, month: int, day: int) -> date | None:
    year += 2000 if year < 100 else 0
    try:
        return date(year, month, day) if FIRST_YEAR <= year <= LAST_YEAR else None
    except ValueError:
        return None


def order(hits: Iterable[Hit], currency: str | None, language: str | None, country: str | None) -> tuple[str, bool]:
    """Return in which order the page's numbers stand, and whether that is sure.

    A date with a day after the twelfth shows it. Else the point shows it, or the country and the currency; a language
    does not, for English has both.
    """
    hits = [hit for hit in hits if hit.meanings.keys() & {DMY, MDY}]
    shown = {next(iter(hit.meanings)) for hit in hits if len(hit.meanings) == 1}
    if len(shown) == 1:
        return shown.pop(), True
    if hits and all("." in hit.row.text[hit.start : hit.end] for hit in hits):
        return DMY, True
    if country:
        return (MDY if country == "US" else DMY), True
    if currency in MONTH_FIRST:
        return MDY, False
    return DMY, currency not in (None, "CAD") and (currency != "EUR" or language not in (None, "en"))

"""Which currency is meant: its code, its sign, or what is paid with in the supplier's country."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from babel.core import get_global

from domain.bills.extraction.layout import plain

SIGNS = {
    "€": "EUR", "£": "GBP", "$": "USD", "us$": "USD", "usd$": "USD", "ca$": "CAD", "c$": "CAD", "a$": "AUD",
    "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL", "mx$": "MXN", "лв": "BGN", "zł": "PLN",
    "zl": "PLN", "kč": "CZK", "₹": "INR", "rs": "INR", "¥": "JPY", "￥": "JPY", "円": "JPY", "元": "CNY", "₩": "KRW",
    "₺": "TRY", "₴": "UAH", "₪": "ILS", "฿": "THB", "₫": "VND", "₱": "PHP", "₽": "RUB", "fr": "CHF", "sfr": "CHF",
    "ft": "HUF", "lei": "RON", "kr": "", "евро": "EUR", "euro": "EUR", "euros": "EUR", "eur": "EUR", "лева": "BGN",
    "dollars": "USD",
}  # fmt: skip
# Written so they begin ids: FR76 1234.
IN_IDS = {"FR", "FT", "RS", "KR", "LEI", "ZL"}
# Signs that several countries have: the supplier's country decides, if it is known.
SHARED = {
    "$": {"USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD"},
    "¥": {"JPY", "CNY"},
    "kr": {"SEK", "NOK", "DKK", "ISK"},
}
CODE = re.compile(r"(?<![A-Z])([A-Z]{3})(?![A-Za-z])")
# Codes that are words as well.
WORDS = {"ALL", "TOP", "CUP", "PEN", "TRY", "SOS", "MAD", "BAM", "GEL", "MOP", "ERN", "LAK", "AMD", "BOB", "COP", "MUR"}
CURRENCY_WORDS = (
    r"(?:currency|wahrung|devise|valuta|waluta|moneda|mena|moeda|penznem|valiuta|νομισμα|валута|prices? in|betrage in"
    r"|amounts in|betrag in)"
)
LETTERS = re.compile(r"[^\d\s.,:;()\[\]+\-−–*/|]+")
# Since 2026, which CLDR need not know yet.
EURO_OF_LATE = {"BG"}
# The prefix of VAT ids, where it is not the country's code.
PREFIXES = {"EL": "GR", "XI": "GB", "CHE": "CH"}


@cache
def codes() -> frozenset[str]:
    """Return the codes of all currencies that were legal tender in this century."""
    used = (use for uses in get_global("territory_currencies").values() for use in uses)
    return frozenset(code for code, _, end, is_tender in used if is_tender and (end is None or end[0] >= 2000))


def named(text: str) -> str | None:
    """Return the currency that a word names by its code or sign; None if it is no currency's word."""
    bare = text.strip(" .,:;()[]+-−–*/|")
    if bare in codes():
        return bare
    return None if bare in IN_IDS else SIGNS.get(bare.lower())


def sign(before: str, after: str) -> str | None:
    """Return the currency whose sign or code stands directly before or after an amount's digits."""
    for text, at in ((after, 0), (before, -1)):
        if (words := LETTERS.findall(text)) and (found := _named_at(words[at], at)) is not None:
            return None if text is before and found in WORDS else found
    return None


def named_in(text: str) -> set[str]:
    """Return the currencies whose codes a text names; one that is a word too counts behind a word for currency."""
    found = {match[1] for match in CODE.finditer(text) if match[1] in codes()}
    return {code for code in found if code not in WORDS or re.search(rf"{CURRENCY_WORDS}\W*{code}", plain(text), re.I)}


def _named_at(word: str, at: int) -> str | None:
    found = named(word)
    if found is None and word:
        # A sign may stand beside a word that is glued to it.
        found = SIGNS.get(word[at]) if not word[at].isalpha() else None
    return found


def ends_in_one(text: str) -> bool:
    return bool((words := LETTERS.findall(text)) and _named_at(words[-1], -1) is not None)


def begins_with_one(text: str) -> bool:
    return bool((words := LETTERS.findall(text)) and text.startswith(words[0]) and _named_at(words[0], 0) is not None)


def of_country(prefix: str | None) -> str | None:
    """Return what is paid with in a country, by its code or its VAT ids' prefix."""
    country = PREFIXES.get(prefix or "", prefix or "")
    if country in EURO_OF_LATE:
        return "EUR"
    uses = get_global("territory_currencies").get(country, [])
    return next((code for code, _, end, is_tender in uses if is_tender and end is None), None)


def most(found: Iterable[str]) -> str | None:
    """Return the currency that is there most often."""
    return max(Counter(found).items(), key=lambda item: item[1], default=(None, 0))[0]

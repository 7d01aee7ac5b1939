"""Which engine's word counts: that of the script, for letters; that of the figures, for figures.

The engine that knows no Cyrillic does not say so: it gives Latin letters that look the same, and is sure of them. So
its sureness decides nothing here.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import NamedTuple

from domain.bills.reading import tessdata
from domain.bills.reading.limits import MAX_LETTERS

SURE = 1.0
CYRILLIC, GREEK = "Cyrillic", "Greek"
BY_LANGUAGE = dict.fromkeys(tessdata.CYRILLIC, CYRILLIC) | dict.fromkeys(tessdata.GREEK, GREEK)
DATA = {CYRILLIC: tessdata.CYRILLIC, GREEK: tessdata.GREEK}
# What the engine of figures reads as well.
KNOWN = {"Latin", "Fraktur", "Han", "Japanese", "HanS", "HanT"}
WEAK = 0.3
# A page is in another script if so many of its letters are. Of Latin pages up to a sixth are read as Cyrillic ones, of
# Cyrillic pages more than nine in ten.
LEAST_OF_SCRIPT = 0.35
# Words that share so much of the smaller one's place are one word, read twice.
SHARED = 0.4
# By so much the digits and signs of East Asian width stand behind those that all others use.
WIDER = 0xFEE0
# A VAT id or an IBAN: their letters are Latin in every script.
LATIN_CODE = re.compile(r"[A-Z]{2}\d[A-Z0-9]{7,32}", re.ASCII)
GROUP = re.compile(r"[A-Z0-9]+", re.ASCII)
MOST_GROUPS = 9


class Read(NamedTuple):
    """A word as an engine read it, in fractions of the page."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    sureness: float

    @classmethod
    def of(cls, text: str, box: Sequence[float], sureness: float) -> "Read | None":
        """Return the word within the page, without what cannot be shown; None if nothing is left."""
        plain = "".join(chr(ord(letter) - WIDER) if "！" <= letter <= "～" else letter for letter in text)
        shown = "".join(letter for letter in plain if letter.isprintable() and not letter.isspace())[:MAX_LETTERS]
        left, top, right, bottom = (min(1.0, max(0.0, side)) for side in box)
        if not shown or left >= right or top >= bottom:
            return None
        return cls(shown, left, top, right, bottom, min(1.0, max(0.0, sureness)))

    def packed(self) -> list[str | float]:
        """Return it as the answer has it."""
        return list(self)


class Choice(NamedTuple):
    """The data with which tesseract reads letters, none if it need not; strange letters are read by nobody here."""

    data: str | None
    is_strange: bool


def choose(found: "tuple[str, float] | None", language: str | None, available: Collection[str]) -> Choice:
    """Return who reads the letters: by the script that was found, if that is sure, else by the language.

    Else by what was found all the same, if it can be read here: what is read then tells whether it was right.
    """
    name, sureness = found or ("", 0.0)
    readable = set(DATA.get(name, {}).values()) & set(available)
    suspected = name if sureness > 0 and readable else "Latin"
    script = name if sureness >= SURE else BY_LANGUAGE.get(language or "") or suspected
    if script in KNOWN:
        return Choice(None, is_strange=False)
    names = DATA.get(script, {})
    wanted = [names.get(language or "", ""), *names.values()]
    data = next((one for one in wanted if one in available), None)
    return Choice(data, is_strange=data is None)


def is_confirmed(words: Sequence[Read]) -> bool:
    """Return whether so many letters of a page are not Latin that it is in another script, as was thought."""
    letters = "".join(map(_letters, words))
    others = sum(not unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return others >= LEAST_OF_SCRIPT * len(letters)


def weaken(words: Sequence[Read]) -> list[Read]:
    """Return the words, with little trust in those that have letters."""
    return [word._replace(sureness=min(WEAK, word.sureness)) if _letters(word) else word for word in words]


def merge(letters: Sequence[Read], figures: Sequence[Read]) -> list[Read]:
    """Return the words of the engine that knows the letters, with the figures of the one that reads those best."""
    kept, codes = list(letters), _codes(figures)
    for word in figures:
        if not _digits(word) and word not in codes:
            continue
        under = [other for other in kept if _covers(word, other)]
        if not under:
            if not any(_is_twice(word, other) and _digits(word) in _digits(other) for other in kept):
                kept.append(word)
        elif word in codes or _is_better(word, under):
            kept = [other for other in kept if other not in under]
            kept.append(word)
    return kept


def missed(words: Sequence[Read], others: Sequence[Read]) -> list[Read]:
    """Return those of `others` that have letters and where none of `words` stands."""
    return [other for other in others if _letters(other) and not any(_is_twice(other, word) for word in words)]


def _is_better(word: Read, others: Sequence[Read]) -> bool:
    """Return whether `word` takes the place of what the other engine read there."""
    same = _digits(word) == "".join(map(_digits, sorted(others, key=lambda one: one.left)))
    return not same and len(_digits(word)) >= sum(len(_letters(other)) for other in others)


def _codes(words: Sequence[Read]) -> set[Read]:
    """Return the words that are a VAT id or an IBAN, or a part of one that is written in groups."""
    found: set[Read] = set()
    for start in range(len(words)):
        for end in range(start + 1, min(start + MOST_GROUPS, len(words)) + 1):
            group = words[start:end]
            if not all(GROUP.fullmatch(word.text) and _beside(group[0], word) for word in group):
                break
            if LATIN_CODE.fullmatch("".join(word.text for word in group)):
                found.update(group)
    return found


def _beside(one: Read, other: Read) -> bool:
    return one.top < (other.top + other.bottom) / 2 < one.bottom


def _covers(word: Read, other: Read) -> bool:
    middle = (other.left + other.right) / 2, (other.top + other.bottom) / 2
    return word.left <= middle[0] <= word.right and word.top <= middle[1] <= word.bottom


def _is_twice(one: Read, other: Read) -> bool:
    """Return whether two words stand in one place."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    smaller = min((word.right - word.left) * (word.bottom - word.top) for word in (one, other))
    return across > 0 and down > 0 and across * down >= SHARED * smaller


def _digits(word: Read) -> str:
    return "".join(letter for letter in word.text if letter.isdigit())


def _letters(word: Read) -> str:
    return "".join(letter for letter in word.text if letter.isalpha())

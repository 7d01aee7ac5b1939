"""The fonts that invoices are printed in, and the characters that they have: what none can draw is not issued."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from html import escape
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import settings
from domain.text import INVISIBLE_RANGES

SHIPPED = Path(__file__).parent
# Chinese, Japanese and Korean are large, and come with the extra `fonts`.
PACKAGES = ("cvttf_NotoSansCJK_Regular",)
# The renderer's graphics library keeps ten open at most, and in its jail none can be opened again.
MAX_FONTS = 10
SUFFIXES = (".ttf", ".otf", ".ttc")
# Times the font's size: a line of wider ones would not fit beside the amounts.
MAX_WIDTH = 2.5
NOT_SHOWN = ("C", "Z", "M")
# Controls, halves of pairs, and those of private use, which mean something else in each font.
NO_CHARACTERS = ("Cc", "Cs", "Co")


class Font(NamedTuple):
    """One face: how a style names it, and which characters it can draw."""

    family: str
    weight: int
    italic: bool
    characters: frozenset[int]

    @property
    def specimen(self) -> str:
        """Return an element that is drawn in this font and in no other."""
        shown = (one for one in sorted(self.characters) if unicodedata.category(chr(one))[0] not in NOT_SHOWN)
        style = f'font-family: "{self.family}"; font-weight: {self.weight}; font-style: '
        style += "italic" if self.italic else "normal"
        return f'<p style="{escape(style)}">&#{next(shown, 0)};</p>'


def folders() -> tuple[str, ...]:
    """Return where fonts are looked for: those shipped, those of the extra, those that COUNTERFOIL_FONTS names."""
    return (str(SHIPPED), *_packages(), *_own())


def check() -> None:
    """Read the fonts; raise ConfigurationError if there are more than can be used, or if one cannot be read."""
    name, known = settings.variable("fonts"), len(_fonts((str(SHIPPED), *_packages())))
    for folder in _own():
        try:
            found = _fonts((folder,))
        except Exception as error:
            raise settings.ConfigurationError(f"{name}: {folder} has a font that cannot be read: {error}") from None
        if not found:
            raise settings.ConfigurationError(f"{name}: {folder} is no folder with fonts ({', '.join(SUFFIXES)}) in it")
    if len(_fonts(folders())) > MAX_FONTS:
        raise settings.ConfigurationError(
            f"{name} has {len(_fonts(folders())) - known} fonts; {MAX_FONTS - known} can be used besides those shipped"
        )
    _undrawable(folders())


def undrawable(text: str) -> str | None:
    """Return the first character of the text that no font has, None if each can be drawn."""
    found = _undrawable(folders()).search("".join(dict.fromkeys(text)))
    return found[0] if found else None


def undrawable_in(text: str) -> str | None:
    """Return what is wrong with a field of this text, None if nothing; it goes on where the field's name ended."""
    found = undrawable(text)
    return found and f"has a character that no font here can draw, leave it out: {found} (U+{ord(found):04X})"


def specimens() -> str:
    """Return HTML that uses each font."""
    return "".join(font.specimen for font in _fonts(folders()))


def _own() -> tuple[str, ...]:
    return tuple(folder for folder in settings.current().fonts.split(os.pathsep) if folder)


@cache
def _packages() -> tuple[str, ...]:
    found = (find_spec(package) for package in PACKAGES)
    return tuple(str(Path(spec.origin).parent) for spec in found if spec and spec.origin)


@lru_cache(maxsize=8)
def _undrawable(places: tuple[str, ...]) -> re.Pattern[str]:
    known = set[int]().union(*(font.characters for font in _fonts(places)))
    return re.compile(rf"[^\s{INVISIBLE_RANGES}{''.join(_ranges(sorted(known)))}]")


def _ranges(numbers: list[int]) -> Iterator[str]:
    starts = [one for before, one in pairwise([-2, *numbers]) if one != before + 1]
    ends = [one for one, after in pairwise([*numbers, 0x110000]) if after != one + 1]
    for start, end in zip(starts, ends, strict=True):
        yield f"{re.escape(chr(start))}-{re.escape(chr(end))}"


@lru_cache(maxsize=16)
def _fonts(places: tuple[str, ...]) -> list[Font]:
    return [font for path in _files(places) for font in _read(path)]


def _files(places: Iterable[str]) -> Iterator[Path]:
    for place in places:
        yield from sorted(path for path in Path(place).rglob("*") if path.suffix.lower() in SUFFIXES)


def _read(path: Path) -> list[Font]:
    from fontTools.ttLib import TTCollection, TTFont  # it takes long to import, and few processes print

    faces = TTCollection(path, lazy=True).fonts if path.suffix.lower() == ".ttc" else [TTFont(path, lazy=True)]
    return [_font(face) for face in faces]


def _font(face: Any) -> Font:
    style, widths, most = face["OS/2"], face["hmtx"].metrics, MAX_WIDTH * face["head"].unitsPerEm
    drawn = {
        one
        for one, glyph in (face.getBestCmap() or {}).items()
        if widths[glyph][0] <= most and unicodedata.category(chr(one)) not in NO_CHARACTERS
    }
    return Font(face["name"].getBestFamilyName(), style.usWeightClass, bool(style.fsSelection & 1), frozenset(drawn))

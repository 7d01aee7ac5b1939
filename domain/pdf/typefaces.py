"""The fonts that invoices are printed in, and the characters that they have: what none can draw is not issued."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import settings
from domain.text import INVISIBLE_RANGES

SHIPPED = Path(__file__).with_name("fonts")
# Chinese, Japanese and Korean are large, and come with the extra `fonts`.
PACKAGES = ("cvttf_NotoSansCJK_Regular",)
# The renderer's graphics library keeps ten open at most, and in its jail none can be opened again.
MAX_FONTS = 10
SUFFIXES = (".ttf", ".otf", ".ttc")
PRIVATE = "Co"


def folders() -> tuple[str, ...]:
    """Return where fonts are looked for: those shipped, those of the extra, those that COUNTERFOIL_FONTS names."""
    own = (folder for folder in settings.current().fonts.split(os.pathsep) if folder)
    return (str(SHIPPED), *_packages(), *own)


def check() -> None:
    """Read the fonts; raise ConfigurationError if there are more than can be used, or if one cannot be read."""
    name, shipped = settings.variable("fonts"), len(list(_files((str(SHIPPED), *_packages()))))
    own = list(_files(folders()))[shipped:]
    if len(own) > MAX_FONTS - shipped:
        raise settings.ConfigurationError(
            f"{name} has {len(own)} fonts; {MAX_FONTS - shipped} can be used besides those shipped: name fewer"
        )
    for file in own:
        try:
            _characters(file)
        except Exception as error:
            raise settings.ConfigurationError(f"{name}: {file} cannot be read as a font: {error}") from None
    _undrawable(folders())


def undrawable(text: str) -> str | None:
    """Return the first character of the text that no font has, None if each can be drawn."""
    found = _undrawable(folders()).search(text)
    return found[0] if found else None


def undrawable_in(text: str) -> str | None:
    """Return what is wrong with a field of this text, None if nothing; it goes on where the field's name ended."""
    found = undrawable(text)
    return found and f"has a character that no font here can draw: {found} (U+{ord(found):04X})"


def one_of_each() -> str:
    """Return some characters, of which each font has one that no font before it has."""
    known: set[int] = set()
    chosen = []
    for characters in map(_characters, _files(folders())):
        chosen += [chr(one) for one in sorted(characters - known) if chr(one).isalpha()][-1:]
        known |= characters
    return "".join(chosen)


@cache
def _packages() -> tuple[str, ...]:
    found = (find_spec(package) for package in PACKAGES)
    return tuple(str(Path(spec.origin).parent) for spec in found if spec and spec.origin)


@lru_cache(maxsize=8)
def _undrawable(places: tuple[str, ...]) -> re.Pattern[str]:
    known = set[int]().union(*map(_characters, _files(places)))
    drawn = (one for one in known if unicodedata.category(chr(one)) != PRIVATE)
    return re.compile(rf"[^\s{INVISIBLE_RANGES}{''.join(_ranges(sorted(drawn)))}]")


def _ranges(numbers: list[int]) -> Iterator[str]:
    starts = [one for before, one in pairwise([-2, *numbers]) if one != before + 1]
    ends = [one for one, after in pairwise([*numbers, 0x110000]) if after != one + 1]
    for start, end in zip(starts, ends, strict=True):
        yield f"{re.escape(chr(start))}-{re.escape(chr(end))}"


def _files(places: Iterable[str]) -> Iterator[Path]:
    for place in places:
        yield from sorted(path for path in Path(place).rglob("*") if path.suffix.lower() in SUFFIXES)


@lru_cache(maxsize=256)
def _characters(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTCollection, TTFont  # it takes long to import, and few processes print

    fonts = TTCollection(path, lazy=True).fonts if path.suffix.lower() == ".ttc" else [TTFont(path, lazy=True)]
    return frozenset().union(*(font.getBestCmap() or () for font in fonts))

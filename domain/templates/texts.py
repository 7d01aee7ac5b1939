"""Texts as HTML: escaped, and each in its own direction, whatever that of the page is."""

from collections.abc import Iterable
from html import escape
from unicodedata import bidirectional

RIGHT_TO_LEFT = ("R", "AL")
STRONG = ("L", *RIGHT_TO_LEFT)


def directed(text: str) -> str:
    """Return the HTML of a text whose numbers, signs and marks stay where they are between its words.

    Its direction is that of its first letter, from left to right if it has none (a telephone number).
    """
    kinds = [bidirectional(character) for character in text]
    html = escape(text)
    if _direction(kinds) == "rtl":
        return f'<span dir="rtl">{html}</span>'
    # Between two letters from left to right nothing moves.
    firm = kinds and kinds[0] == kinds[-1] == "L" and not any(kind in RIGHT_TO_LEFT for kind in kinds)
    return html if firm else f'<span dir="ltr">{html}</span>'


def _direction(kinds: Iterable[str]) -> str:
    return "rtl" if next((kind for kind in kinds if kind in STRONG), "L") in RIGHT_TO_LEFT else "ltr"


def row(kind: str, label: str, text: str | None) -> str:
    """Return the HTML of a label and a text, or nothing where there is no text."""
    return row_of(kind, label, directed(text)) if text else ""


def row_of(kind: str, label: str, html: str | None) -> str:
    """Return the HTML of a label and a value, which is HTML itself, or nothing where there is none."""
    if not html:
        return ""
    # Or a label and a value in Latin letters would stand as one text, the wrong way round on a page of Arabic.
    prefix = (
        f'<span class="label" dir="{_direction(map(bidirectional, label))}">{escape(label)}</span> ' if label else ""
    )
    return f'<div class="row {kind}">{prefix}<span class="value">{html}</span></div>'

"""What each page bears: the invoice's number, the page's, and the direction in which the language is written."""

import re
from collections.abc import Mapping

from babel import Locale

from domain.templates.labels import PAGE

COUNTERS = {"%(page)s": "counter(page)", "%(pages)s": "counter(pages)"}
COUNTER = re.compile(r"(%\((?:page|pages)\)s)")
SAFE = re.compile(r"[^A-Za-z0-9 ]")


def page_style(invoice_number: str, locale: Locale, labels: Mapping[str, str]) -> str:
    """Return a style element; the template says in its own @page how both texts look."""
    counted = " ".join(COUNTERS.get(part) or _quoted(part) for part in COUNTER.split(labels[PAGE]) if part)
    direction = "body { direction: rtl }" if locale.text_direction == "rtl" else ""
    return (
        f"<style>@page {{ @bottom-left {{ content: {_quoted(invoice_number)} }} "
        f"@bottom-right {{ content: {counted} }} }} {direction}</style>"
    )


def _quoted(text: str) -> str:
    """Return a CSS string; whatever has a meaning in CSS or HTML is written as its number."""
    return '"' + SAFE.sub(lambda match: f"\\{ord(match[0]):x} ", text) + '"'

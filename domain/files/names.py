"""The names of files: strangers choose them, so they decide nothing, and are shown without what cannot be seen."""

import re
from urllib.parse import quote

from domain import text

MAX_LENGTH = 255
NAMELESS = "file"
SEPARATORS = re.compile(r"[/\\]")
LINES = re.compile(r"\s")
# RFC 6266, 4.3 and RFC 8187, 3.2.1: what some readers take for the end of the name, or for a code, is left out.
UNSAFE = re.compile(r'[^ -~]|["\\%]')
UNENCODED = "!#$&+-.^_`|~"


def clean(name: str | None) -> str:
    """Return the last part of a path without controls and invisible characters, at most 255 characters long."""
    last = SEPARATORS.split(name or "")[-1]
    seen = LINES.sub(" ", text.INVISIBLE.sub("", last.encode("utf-8", "replace").decode()))
    try:
        found = text.stored(seen).strip(" .")[:MAX_LENGTH].strip(" .")
    except text.Unbounded:
        return NAMELESS
    return found or NAMELESS


def disposition(name: str) -> str:
    """Return the Content-Disposition under which a browser saves a file by this name, and never shows it."""
    plain = UNSAFE.sub("_", name)
    told = f'attachment; filename="{plain}"'
    return told if plain == name else f"{told}; filename*=UTF-8''{quote(name, safe=UNENCODED)}"

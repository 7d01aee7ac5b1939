"""Text as it is kept and as it is compared: what a reader cannot see makes neither a text nor a difference."""

import re
import unicodedata
from functools import cache

# Controls, format characters, what Unicode calls default ignorable, and letters that are drawn as nothing.
# Not the Arabic and Kaithi number signs: they are format characters too, but have a shape.
INVISIBLE_RANGES = (
    r"\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
INVISIBLE = re.compile(f"[{INVISIBLE_RANGES}]")
# UAX #15, Stream-Safe Text Format: normalizing takes the square of the length of such a row.
MAX_MARKS = 30
LAST_MARK = 0x1E94A
SEPARATORS = re.compile(r"[\s.:/_\-\u2010-\u2015\u2212]")


class Unbounded(ValueError):
    """Nobody writes such a text, and it takes too long to look at; the message goes on where its name ended."""


def stored(text: str) -> str:
    """Return `text` in NFC: the same letters are the same characters, however they were typed; raise Unbounded."""
    if text.isascii():
        return text
    if _endless_marks().search(text):
        raise Unbounded(f"must not have more than {MAX_MARKS} combining marks in a row")
    return unicodedata.normalize("NFC", text)


@cache
def _endless_marks() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(LAST_MARK + 1) if unicodedata.combining(chr(code)))
    return re.compile(f"[{marks}]{{{MAX_MARKS + 1}}}")


def is_blank(text: str) -> bool:
    """Return whether a reader sees nothing: white space and invisible characters alone."""
    return not INVISIBLE.sub("", text).strip()


def comparable(name: str) -> str:
    """Return the form of a name that two names share if a reader cannot tell them apart by what is not visible."""
    return " ".join(stored(INVISIBLE.sub("", name)).split())


def comparable_legal_name(name: str) -> str:
    """Return the form of a company's name that does not depend on case, width, white space and a dot at the end."""
    return comparable(unicodedata.normalize("NFKC", name)).casefold().rstrip(" .")


def comparable_identity(number: str) -> str:
    """Return the form of a tax or VAT id that all its spellings share.

    It is NFKC in upper case with the digits 0 to 9, without invisible characters, spaces and the usual separators.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", number).upper())
    folded = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    return SEPARATORS.sub("", INVISIBLE.sub("", folded))

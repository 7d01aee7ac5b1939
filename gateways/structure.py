"""What a mail is made of, as its server tells it (BODYSTRUCTURE)."""

import re
from collections.abc import Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import collapse_rfc2231_value, decode_params, unquote
from itertools import takewhile
from typing import Any, NamedTuple

MOST_PARTS, LONGEST_NAME = 200, 200
# Of a number (RFC 9051, number64); the database and JSON take no larger one.
LARGEST = 2**63 - 1
# As it comes, in percents or base64.
LONGEST_VALUE = 2000
# Where a part of its own has its fields (RFC 9051, 7.5.2); a text has one more, and a message three.
TYPE, SUBTYPE, PARAMETERS, SIZE = 0, 1, 2, 6
DISPOSITION = {b"text": 9, b"message": 11}
OTHER_DISPOSITION, BODY = 8, 8
FILENAME = re.compile(rb'filename="?([^";]*)', re.IGNORECASE)


class Part(NamedTuple):
    """A part without parts of its own; its type and name are what its sender says."""

    type: str
    name: str
    size: int
    is_attached: bool


def parts(body: Any) -> Sequence[Part] | None:
    """Return the parts in their order, the first MOST_PARTS; None if the server gives none that are understood."""
    found: list[Part] = []
    waiting = [body]
    try:
        while waiting and len(found) < MOST_PARTS:
            one = waiting.pop()
            if isinstance(one[0], list):
                waiting.extend(reversed(one[0]))
            elif one[TYPE].lower() == b"message" and len(one) > BODY and isinstance(one[BODY], tuple):
                waiting.append(_nested(one[BODY]))
            else:
                found.append(_part(one))
    except (TypeError, IndexError, AttributeError, ValueError, RecursionError):
        return None
    return found


def _nested(body: Any) -> Any:
    """Return the body of a message within a message, which the library leaves as it came: parts, then their kind."""
    if not isinstance(body[0], tuple):
        return body
    return ([_nested(one) for one in takewhile(lambda one: isinstance(one, tuple), body)],)


def _part(one: Any) -> Part:
    kind = one[TYPE].lower()
    place = DISPOSITION.get(kind, OTHER_DISPOSITION)
    how, pairs = _disposition(one[place] if len(one) > place else None)
    name = _named(pairs, "filename") or _named(one[PARAMETERS], "name")
    attached = how == b"attachment" or bool(name) or kind != b"text"
    return Part(f"{_text(kind)}/{_text(one[SUBTYPE].lower())}", name, _size(one[SIZE]), attached)


def _size(value: Any) -> int:
    size = int(value or 0)
    if not 0 <= size <= LARGEST:
        raise ValueError(size)
    return size


def _disposition(value: Any) -> tuple[bytes, Any]:
    """Return how a part is to be shown, with its parameters; some servers give the header as it is."""
    if isinstance(value, bytes):
        how, _, rest = value.partition(b";")
        match = FILENAME.search(rest)
        return how.strip().lower(), (b"filename", match[1]) if match else ()
    return (value[0].lower(), value[1] if len(value) > 1 else ()) if value else (b"", ())


def _named(pairs: Any, wanted: str) -> str:
    flat = pairs or ()
    said = ((flat[i], flat[i + 1]) for i in range(0, len(flat) - 1, 2))
    given = [(_text(name).lower(), _text(value)) for name, value in said if isinstance(value, bytes)]
    found = (
        unquote(collapse_rfc2231_value(value)) for name, value in decode_params([("", ""), *given]) if name == wanted
    )
    return _printable(_decoded(next(found, "")))[:LONGEST_NAME]


def _decoded(name: str) -> str:
    """Return a name that was sent as an encoded word (RFC 2047), as many programs do against its rules."""
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, ValueError):
        return name


def _text(value: bytes) -> str:
    return _printable(value.decode("utf-8", "replace")[:LONGEST_VALUE])


def _printable(value: str) -> str:
    return "".join(one if one.isprintable() else " " for one in value)

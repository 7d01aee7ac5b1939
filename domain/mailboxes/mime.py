"""The program of the jail that takes mails apart: the bytes of a mail in, its headers and attachments out.

The answer is the length of a JSON document, that document, and the bytes of the attachments one after the other.
"""

import codecs
import encodings
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any

LENGTH_BYTES = 4
# A line that begins so may begin a part: a hundred thousand empty parts take the library 19 s. It takes each of the two
# for the end of a line: the largest mail that is read has 700,000 of them, in lines of base64.
BOUNDARIES, ENDS = (b"\n--", b"\r--"), (b"\n", b"\r")
MAX_ENDS = 1_500_000
MAX_BOUNDARIES, MAX_PARTS, MAX_DEPTH, MAX_ATTACHMENTS = 5000, 1000, 50, 100
MAX_NAME, MAX_TEXT, MAX_ADDRESSES = 255, 1000, 100
# What is looked at of one header: its parser takes the square of some.
MAX_HEADER = 8000
TOO_MANY = "it has more than {} parts"
TOO_LONG = "it has millions of lines"
TOO_DEEP = "its parts stand too deep in one another"
BODIES = ("text/plain", "text/html")
# Bytes as Python has them in text.
EIGHT_BITS = re.compile("[\udc80-\udcff]")
YEARS = range(1970, 2200)
# Where the library stumbles over the name.
LAST_ADDRESS = re.compile(r"<([^<>\s@]+@[^<>\s@]+)>\s*$")
SPECIMEN = (
    b"From: =?utf-8?q?=C3=A4?= <a@b.c>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0100\r\nSubject: =?x-none?b?AAAA?=\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: application/pdf\r\n"
    b"Content-Disposition: attachment; filename*0*=utf-8''%C3%A4; filename*1=b\r\nContent-Transfer-Encoding: base64\r\n"
    b"\r\nJVBERi0=\r\n--B\r\nContent-Type: text/plain; charset=x-none\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
    b"begin 644 a\n#0V%T\n`\nend\r\n--B\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n=C3=A4\r\n--B--\r\n"
)


class Bounded(EmailPolicy):
    """Parses the beginning of each header alone."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:MAX_HEADER])


class _NoMore:
    """Finds no module: each would be read from a file, which ends an enclosed process."""

    @staticmethod
    def find_spec(*_: Any) -> None:
        return None


POLICY = Bounded()


def prepare(*_: str) -> None:
    """Load every codec that a mail may name, and all that taking one apart loads when it first needs it."""
    for module in pkgutil.iter_modules(encodings.__path__):
        try:
            import_module(f"encodings.{module.name}")
            codecs.lookup(module.name)
        except (ImportError, LookupError):  # of another system
            continue
    for alias in encodings.aliases.aliases:
        try:
            codecs.lookup(alias)
        except LookupError:
            continue
    answer(SPECIMEN)
    sys.meta_path[:] = [_NoMore]  # type: ignore[list-item]


def answer(request: bytes) -> bytes:
    """Return what is in a mail; raise ValueError with the reason why that cannot be known."""
    if sum(map(request.count, BOUNDARIES)) > MAX_BOUNDARIES:
        raise ValueError(TOO_MANY.format(MAX_PARTS))
    if sum(map(request.count, ENDS)) > MAX_ENDS:
        raise ValueError(TOO_LONG)
    try:
        message: Any = message_from_bytes(request, policy=POLICY)
        files = list(_attachments(message))
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    sender = _parsed(message, "from")
    told = {
        "subject": _header(message, "subject", _parsed(message, "subject")),
        "sender": _header(message, "from", sender),
        "addresses": _addresses(message, sender),
        "message_id": _clean(str(_raw(message, "message-id")))[:MAX_TEXT],
        "date": _date(message),
        "attachments": [about for about, _ in files],
    }
    document = json.dumps(told).encode()
    return b"".join([len(document).to_bytes(LENGTH_BYTES, "big"), document, *(data for _, data in files)])


def _attachments(message: Message) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield what is known of each part that is no text of the mail itself, and its bytes."""
    count = 0
    for part, enclosing in _leaves(message):
        if _is_text_of_the_mail(part):
            continue
        count += 1
        if count > MAX_ATTACHMENTS:
            raise ValueError(f"it has more than {MAX_ATTACHMENTS} attachments")
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        about = {
            "name": _clean(_tolerantly(part.get_filename) or "")[:MAX_NAME],
            "type": _clean(_type(part))[:MAX_NAME],
            "size": len(data),
            "is_picture_of_text": _is_picture_of_text(part, enclosing),
        }
        yield about, data


def _leaves(message: Message) -> Iterator[tuple[Message, str]]:
    """Yield each part without parts of its own, and the type of what it stands in; raise ValueError."""
    waiting: list[tuple[Message, str, int]] = [(message, "", 0)]
    seen = 0
    while waiting:
        part, enclosing, depth = waiting.pop()
        seen += 1
        if seen > MAX_PARTS:
            raise ValueError(TOO_MANY.format(MAX_PARTS))
        if depth > MAX_DEPTH:
            raise ValueError(TOO_DEEP)
        inner = part.get_payload()
        if isinstance(inner, list):
            kind = _type(part)
            waiting += [(one, kind, depth + 1) for one in reversed(inner) if isinstance(one, Message)]
        else:
            yield part, enclosing


def _is_text_of_the_mail(part: Message) -> bool:
    attached = _tolerantly(part.get_content_disposition) == "attachment"
    return _type(part) in BODIES and not attached and not _tolerantly(part.get_filename)


def _is_picture_of_text(part: Message, enclosing: str) -> bool:
    """Return whether a part is a picture that the mail's text shows: a logo, not a scan."""
    if not _type(part).startswith("image/") or _tolerantly(part.get_content_disposition) == "attachment":
        return False
    return enclosing == "multipart/related" or bool(_raw(part, "content-id"))


def _type(part: Message) -> str:
    return _tolerantly(part.get_content_type) or "application/octet-stream"


def _tolerantly(read: Any) -> Any:
    """Return what the library reads in a header, None if that is too strange for it."""
    try:
        return read()
    except Exception:  # its parser raises what it likes: IndexError, AttributeError, RecursionError, UnicodeError
        return None


def _raw(message: Message, name: str) -> str:
    """Return a header as it came, unfolded: the library cuts a Message-ID at its first space."""
    found = (value for key, value in message.raw_items() if key.lower() == name)
    return str(next(found, ""))[:MAX_HEADER]


def _parsed(message: Message, name: str) -> Any:
    """Return a header as the library reads it, each time anew and in the square of its length: so do it once."""
    return _tolerantly(lambda: message[name])


def _header(message: Message, name: str, value: Any) -> str:
    if EIGHT_BITS.search(_raw(message, name)):
        return _clean(_raw(message, name))[:MAX_TEXT]
    if value is None:
        value = _tolerantly(lambda: make_header(decode_header(_raw(message, name))))
    return _clean(str(_raw(message, name) if value is None else value))[:MAX_TEXT]


def _addresses(message: Message, sender: Any) -> list[str]:
    """Return the addresses of the sender without the names beside them, in which anybody's address may stand."""
    found = _tolerantly(lambda: [one.addr_spec for one in sender.addresses if one.domain and "@" not in one.username])
    found = found or LAST_ADDRESS.findall(_raw(message, "from"))
    return [_clean(one)[:MAX_TEXT] for one in found[:MAX_ADDRESSES]]


def _date(message: Message) -> str | None:
    at = _tolerantly(lambda: parsedate_to_datetime(_raw(message, "date")))
    if not isinstance(at, datetime) or at.year not in YEARS:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def _clean(text: str) -> str:
    """Return text that can be kept and shown in one line; bytes of no charset are UTF-8, or else of western Europe."""
    raw = text.encode("utf-8", "surrogateescape" if EIGHT_BITS.search(text) else "replace")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())

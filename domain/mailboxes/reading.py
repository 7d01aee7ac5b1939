"""Mails are taken apart in a jail: what comes of one is as untrusted as the mail, and bounded."""

import json
import os
import time
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from domain.jail.process import Crashed, Jail, Starved, TooSlow
from domain.mailboxes.mime import LENGTH_BYTES, MAX_ADDRESSES, MAX_ATTACHMENTS, MAX_NAME, MAX_TEXT

PROGRAM = "domain.mailboxes.mime"
# Of each of two attempts.
TIMEOUT_S = 10.0
TOO_SLOW = "it takes too long to read"
BUSY = "this machine is too busy to take a mail apart in time"
TOO_MUCH = "reading it needs more memory than is allowed, or crashes the reader"


class Unreadable(Exception):
    """The mail cannot be taken apart; the message says why, and what "it" is is the mail."""


class Unavailable(Exception):
    """Nothing can take a mail apart now, whichever it is; the message says why."""


class Attachment(NamedTuple):
    """A part of a mail that is not its text; its name and type are what its sender says."""

    name: str
    type: str
    data: bytes
    is_picture_of_text: bool


class Letter(NamedTuple):
    """What a mail says of itself, and what comes with it. `hash` is the same for the same mail, wherever it lies."""

    subject: str
    sender: str
    addresses: Sequence[str]
    message_id: str
    date: datetime | None
    attachments: Sequence[Attachment]
    hash: bytes


def read(mail: bytes) -> Letter:
    """Return what a mail says, with no transaction open; raise Unreadable or Unavailable."""
    answer = _asked(mail)
    try:
        return _letter(mail, answer)
    except (ValueError, KeyError, TypeError):
        raise Unreadable(TOO_MUCH) from None


def identity(message_id: str, mail: bytes) -> bytes:
    """Return by what a mail is known again in another place: its Message-ID and what follows its headers.

    Servers add headers. Without a Message-ID all of it counts, as two scans of an empty page are two mails.
    """
    body = mail.partition(b"\r\n\r\n")[2] if message_id else mail
    return sha256(message_id.encode("utf-8", "replace") + b"\0" + body).digest()


def _asked(mail: bytes) -> bytes:
    try:
        is_read, answer = _attempt(mail)
    except (Unavailable, Unreadable):  # the process may have been killed, which is not the mail's fault
        is_read, answer = _attempt(mail)
    if not is_read:
        raise Unreadable(answer.decode(errors="replace"))
    return answer


def _attempt(mail: bytes) -> tuple[bool, bytes]:
    deadline = time.monotonic() + TIMEOUT_S
    try:
        process = _jail.start(deadline)
    except (Crashed, TooSlow):
        raise Unavailable(BUSY) from None
    try:
        return process.ask(mail, deadline)
    except Starved:
        raise Unavailable(BUSY) from None
    except TooSlow:
        raise Unreadable(TOO_SLOW) from None
    except Crashed:
        raise Unreadable(TOO_MUCH) from None
    finally:
        process.kill()


def _letter(mail: bytes, answer: bytes) -> Letter:
    start = LENGTH_BYTES + int.from_bytes(answer[:LENGTH_BYTES], "big")
    told = json.loads(answer[LENGTH_BYTES:start])
    attachments = []
    for one in told["attachments"][:MAX_ATTACHMENTS]:
        size = int(one["size"])
        if not 0 <= size <= len(answer) - start:
            raise ValueError
        name, kind = _text(one["name"], MAX_NAME), _text(one["type"], MAX_NAME)
        attachments.append(Attachment(name, kind, answer[start : start + size], bool(one["is_picture_of_text"])))
        start += size
    subject, sender, message_id = (_text(told[name], MAX_TEXT) for name in ("subject", "sender", "message_id"))
    date = datetime.fromisoformat(told["date"]) if told["date"] else None
    addresses = [_text(one, MAX_TEXT) for one in told["addresses"][:MAX_ADDRESSES]]
    return Letter(subject, sender, addresses, message_id, date, attachments, identity(message_id, mail))


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise ValueError
    return value


_jail = Jail(PROGRAM)
os.register_at_fork(after_in_child=_jail.abandon)

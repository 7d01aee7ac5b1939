"""Which mails of a mailbox are wanted; of another one it is said why it is not."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from domain import text

MAX_SENDERS = 50


def _seen(given: str) -> str:
    """Return a text as it is compared: by what a reader sees of it."""
    with suppress(text.Unbounded):
        given = text.comparable(given)
    return given.casefold()


def unwanted(wanted: Mapping[str, Any], addresses: Sequence[str], subject: str, attachments: int) -> str | None:
    """Return why a mail is not wanted, None if it is.

    `wanted` has `from`: parts of addresses, one of which must be in one of the sender's; `subject`: what must be in it;
    and `has_attachment`. Upper and lower case are one, and so are letters however they were typed.
    """
    senders = wanted.get("from") or []
    if senders and not any(_seen(one) in _seen(address) for one in senders for address in addresses):
        return f"its sender's address has none of: {', '.join(senders)}"
    if (part := wanted.get("subject")) and _seen(part) not in _seen(subject):
        return f"its subject does not have: {part}"
    if wanted.get("has_attachment") and not attachments:
        return "it has no attachment"
    return None

"""Which mails of a mailbox are wanted; of another one it is said why it is not."""

from collections.abc import Mapping
from typing import Any

MAX_SENDERS = 50


def unwanted(wanted: Mapping[str, Any], sender: str, subject: str, attachments: int) -> str | None:
    """Return why a mail is not wanted, None if it is.

    `wanted` has `from`: parts of addresses, one of which must be in the sender's; `subject`: what must be in it; and
    `hasAttachment`. Upper and lower case are one.
    """
    senders = wanted.get("from") or []
    if senders and not any(one.casefold() in sender.casefold() for one in senders):
        return f"its sender is none of: {', '.join(senders)}"
    if (part := wanted.get("subject")) and part.casefold() not in subject.casefold():
        return f"its subject does not have: {part}"
    if wanted.get("has_attachment") and not attachments:
        return "it has no attachment"
    return None

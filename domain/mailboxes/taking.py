"""One mail is taken from its folder: its size first, then its content, taken apart in the jail and stored."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from db.transaction import transaction
from domain.mailboxes import attachments, filters, mails, reading
from domain.mailboxes.attachments import Stored
from domain.mailboxes.connecting import seconds
from domain.mailboxes.mails import Outcome
from domain.mailboxes.reading import Letter, Unavailable, Unreadable
from gateways.imap import HEAD_BYTES, Folder

MAX_MB = 25
MAX_BYTES = MAX_MB * 1024 * 1024
TOO_LARGE = f"it has {{:,}} bytes; mails of up to {MAX_MB} MB are read"
GONE = "it was deleted or moved before it could be read"
NOTHING_ATTACHED = "it has no attachment"
NO_BILL = "none of its attachments can be a bill"


class Taken(NamedTuple):
    """What a mail came to; `letter` is what is known of it, `stored` what came with it."""

    uid: int
    size: int
    outcome: Outcome
    reason: str | None = None
    letter: Letter | None = None
    stored: Sequence[Stored] = ()


def take(folder: Folder, uid: int, organization_id: int, mailbox_id: int, wanted: Mapping[str, Any]) -> Taken:
    """Return what comes of a mail, with no transaction open; raise Trouble, Unavailable, or what storing raises."""
    size = folder.size(uid, seconds())
    if size is None:
        return Taken(uid, 0, Outcome.SKIPPED, GONE)
    if size > MAX_BYTES:
        return Taken(uid, size, Outcome.SKIPPED, TOO_LARGE.format(size), _heading(folder.head(uid, seconds())))
    content = folder.content(uid, MAX_BYTES, seconds())
    if content is None:
        return Taken(uid, size, Outcome.SKIPPED, GONE)
    try:
        letter = reading.read(content)
    except Unreadable as unreadable:
        return Taken(uid, len(content), Outcome.UNREADABLE, str(unreadable), _heading(content))
    files = sum(not one.is_picture_of_text for one in letter.attachments)
    if reason := filters.unwanted(wanted, letter.addresses, letter.subject, files):
        return Taken(uid, len(content), Outcome.FILTERED, reason, letter)
    with transaction() as session:  # or all would be stored again when a folder begins a new epoch
        known = mails.known(session, mailbox_id, letter.hash)
    if known:
        return Taken(uid, len(content), Outcome.SKIPPED, known.told, letter)
    return _stored(uid, len(content), letter, organization_id)


def probe(folder: Folder, uid: int) -> None:
    """Read a mail and leave it; raise Trouble."""
    size = folder.size(uid, seconds() / 4)
    if size and size <= MAX_BYTES:
        folder.content(uid, MAX_BYTES, seconds() / 4)


def _stored(uid: int, size: int, letter: Letter, organization_id: int) -> Taken:
    if not letter.attachments:
        return Taken(uid, size, Outcome.SKIPPED, NOTHING_ATTACHED, letter)
    stored = [attachments.store(organization_id, one) for one in letter.attachments]
    if not any(one.file for one in stored):
        return Taken(uid, size, Outcome.SKIPPED, NO_BILL, letter, stored)
    return Taken(uid, size, Outcome.IMPORTED, None, letter, stored)


def _heading(content: bytes) -> Letter | None:
    """Return what the headers of a mail say, None if they cannot be read either; it is never known again by that."""
    head = content[:HEAD_BYTES].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    try:
        return reading.read(head)._replace(attachments=(), hash=b"")
    except (Unavailable, Unreadable):
        return None

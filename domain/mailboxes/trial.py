"""What would come of the last mails of a mailbox: a dry run that reads no content, and changes nothing anywhere."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Mailbox, MailboxMail
from db.transaction import transaction
from domain.mailboxes import connecting, filters, reading, registration
from domain.mailboxes.attachments import named
from domain.mailboxes.connecting import NoWay
from domain.mailboxes.mails import Outcome
from domain.mailboxes.reading import Letter, Unavailable, Unreadable
from domain.mailboxes.registration import MOVE
from domain.mailboxes.taking import GONE, MAX_BYTES, NOTHING_ATTACHED, TOO_LARGE
from gateways.imap import Folder, Summary, Trouble

MAX_MAILS = 50
# Its caller waits.
BUDGET_S = 14.0
NO_FOLDER = "mails cannot be moved: the server has no folder {}"
PROBABLY = "its attachments are looked at when it is read"


class Preview(NamedTuple):
    """A mail, what would come of it, and why; its attachments are what its server says of them."""

    uid: int
    subject: str
    sender: str
    date: datetime | None
    size: int
    outcome: str
    reason: str | None
    attachments: Sequence[Mapping[str, Any]]


class Trial(NamedTuple):
    """Whether the folder can be opened, else the error; its last mails, the newest first, and how many it has."""

    connected: bool
    error: str | None
    uid_validity: int | None = None
    mails_in_folder: int | None = None
    mails: Sequence[Preview] = ()


def attempt(organization_id: int, mailbox_id: int) -> Trial:
    """Connect to a mailbox, and say what would come of its last mails; call it with no transaction open.

    Raise NotFound. A new access token is kept.
    """
    access = None
    try:
        with transaction() as session:
            mailbox = registration.get(session, organization_id, mailbox_id)
            way = connecting.way(session, mailbox)
        opened = connecting.open_folder(way)
        access = opened.access
        try:
            return _tried(opened.folder, mailbox)
        finally:
            opened.folder.close()
    except NoWay as error:
        access = error.access
        return Trial(False, str(error))
    finally:
        if access:
            with transaction() as session:
                if found := registration.find(session, organization_id, mailbox_id, locked=True):
                    connecting.keep(session, found, access)


def _tried(folder: Folder, mailbox: Mailbox) -> Trial:
    previews: list[Preview] = []
    ends = time.monotonic() + BUDGET_S
    error = None
    try:
        target = mailbox.after.removeprefix(MOVE) if mailbox.after.startswith(MOVE) else None
        error = NO_FOLDER.format(target) if target and not folder.has(target, BUDGET_S) else None
        uids = folder.last_uids(MAX_MAILS, BUDGET_S)
        same_epoch = mailbox.uid_validity == folder.uid_validity
        with transaction() as session:
            read = _read(session, mailbox.id, mailbox.epoch, uids) if same_epoch else {}
        for uid in reversed(uids):
            if (left := ends - time.monotonic()) <= 0:
                error = f"the server is slow: these are the mails that were looked at in {BUDGET_S:g} s"
                break
            previews.append(_preview(uid, folder.summary(uid, left), mailbox.filter, read.get(uid)))
    except (Trouble, Unavailable) as trouble:
        error = str(trouble)
    return Trial(True, error, folder.uid_validity, folder.mails, previews)


def _read(session: Session, mailbox_id: int, epoch: int, uids: Sequence[int]) -> dict[int, str]:
    found = select(MailboxMail.uid, MailboxMail.outcome).where(
        MailboxMail.mailbox_id == mailbox_id, MailboxMail.epoch == epoch, MailboxMail.uid.in_(uids)
    )
    return {row.uid: row.outcome for row in session.execute(found)}


def _preview(uid: int, summary: Summary | None, wanted: Mapping[str, Any], read: str | None) -> Preview:
    if summary is None:
        return Preview(uid, "", "", None, 0, Outcome.SKIPPED, GONE, ())
    try:
        letter = reading.read(summary.head + b"\r\n\r\n")
    except Unreadable as unreadable:
        return Preview(uid, "", "", None, summary.size, Outcome.UNREADABLE, str(unreadable), ())
    parts = [] if summary.parts is None else [one for one in summary.parts if one.is_attached]
    attached = [{"name": named(one.name), "type": one.type, "size": one.size} for one in parts]
    outcome, reason = _verdict(summary, letter, wanted, None if summary.parts is None else len(parts), read)
    return Preview(uid, letter.subject, letter.sender, letter.date, summary.size, outcome, reason, attached)


def _verdict(
    summary: Summary, letter: Letter, wanted: Mapping[str, Any], attachments: int | None, read: str | None
) -> tuple[str, str | None]:
    if read:
        return read, "it was read already"
    if summary.size > MAX_BYTES:
        return Outcome.SKIPPED, TOO_LARGE.format(summary.size)
    # Where the server does not say what a mail is made of, it is read.
    count = 1 if attachments is None else attachments
    if reason := filters.unwanted(wanted, letter.addresses, letter.subject, count):
        return Outcome.FILTERED, reason
    return (Outcome.IMPORTED, PROBABLY) if count else (Outcome.SKIPPED, NOTHING_ATTACHED)

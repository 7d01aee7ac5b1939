"""The mails that were read in a mailbox: what came of each, and why no bill did."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import fetch
from domain.mailboxes import registration


class Outcome(StrEnum):
    """IMPORTED: bills came of it. FILTERED: it was not wanted. SKIPPED: no bill can come of it, or it is known."""

    IMPORTED = "imported"
    FILTERED = "filtered"
    SKIPPED = "skipped"
    UNREADABLE = "unreadable"


class Shown(NamedTuple):
    """A mail as its organization sees it."""

    id: int
    uid: int
    uid_validity: int
    message_id: str
    subject: str
    sender: str
    date: datetime | None
    size: int
    outcome: str
    reason: str | None
    attachments: list[dict[str, Any]]
    created_at: datetime


class Known(NamedTuple):
    """A mail that was imported, and is the same as another one."""

    id: int

    @property
    def told(self) -> str:
        """Return why the other one is not imported."""
        return f"it is the same as the mail {self.id} of this mailbox, which was imported"


def page(
    session: Session, organization_id: int, mailbox_id: int, outcome: str | None, before: int | None, limit: int
) -> Sequence[Shown]:
    """Return up to `limit` mails of a mailbox, the last that was read first; raise NotFound."""
    registration.get(session, organization_id, mailbox_id)
    terms = {"mailbox_id": mailbox_id, "outcome": outcome, "before": before, "limit": limit}
    return fetch(session, Shown, "list_mailbox_mails", organization_id=organization_id, **terms)


def known(session: Session, mailbox_id: int, hash: bytes) -> Known | None:
    """Return the mail of the mailbox that is the same and was imported, None if there is none."""
    return next(iter(fetch(session, Known, "find_known_mail", mailbox_id=mailbox_id, hash=hash)), None)

"""The mails of an organization, and what the relay said of each recipient."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.models import Mail
from db.queries import fetch
from domain.counting import LATELY, Wanted
from domain.errors import NotFound
from domain.mail import sealing


class Status(StrEnum):
    """Of a mail, and of each recipient. A mail is REFUSED if it was refused for one recipient for good."""

    QUEUED = "queued"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"


# A job that failed without a word leaves its mail queued.
STORED = {Status.FAILED: [Status.FAILED, Status.QUEUED]}


class Shown(NamedTuple):
    """A mail as its organization sees it; what was written in it is not shown."""

    id: int
    supplier_id: int | None
    recipients: list[dict[str, Any]]
    template: str
    locale_code: str
    subject: str
    attachments: list[dict[str, Any]]
    message_id: str
    status: str
    error: str | None
    job_id: int
    next_attempt_at: datetime | None
    sent_at: datetime | None
    created_at: datetime
    client_id: int | None
    addresses: bytes | None


def page(session: Session, organization_id: int, status: str | None, before: int | None, limit: int) -> Sequence[Shown]:
    """Return up to `limit` mails, newest first."""
    return _list(session, organization_id, id=None, status=status, before=before, limit=limit)


def get(session: Session, organization_id: int, mail_id: int) -> Shown:
    """Return one mail; raise NotFound."""
    found = _list(session, organization_id, id=mail_id, status=None, before=None, limit=1)
    if not found:
        raise NotFound("mail not found")
    return found[0]


def message(session: Session, organization_id: int, mail_id: int) -> str | None:
    """Return what somebody wrote in a mail, None if nobody did."""
    mail = session.scalar(select(Mail).where(Mail.organization_id == organization_id, Mail.id == mail_id))
    return sealing.message(session, mail) if mail else None


def refused_lately(organization_id: int) -> Wanted:
    """Return the mails of the last days that were refused, or could not be sent, newest first."""
    lately = func.clock_timestamp() - text(f"interval '{LATELY}'")
    wanted = select(Mail.id, Mail.created_at).where(Mail.organization_id == organization_id, Mail.created_at > lately)
    return wanted.where(Mail.status.in_((Status.REFUSED, Status.FAILED))).order_by(Mail.id.desc())


def _list(session: Session, organization_id: int, **terms: Any) -> Sequence[Shown]:
    stored = STORED.get(terms["status"], [terms["status"]])
    found = fetch(session, Shown, "list_mails", organization_id=organization_id, stored=stored, **terms)
    opened = sealing.recipients(session, organization_id, found)
    return [mail._replace(recipients=each, addresses=None) for mail, each in zip(found, opened, strict=True)]

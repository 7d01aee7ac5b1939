"""How a mailbox fares: asked less and less often while it fails, and its owner warned after a day."""

import logging

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Mailbox
from db.queries import run
from domain.counting import Wanted
from domain.events.feed import moment
from domain.events.telling import News, tell
from domain.events.types import MAILBOX_FAILING

log = logging.getLogger(__name__)
WARNED_AFTER_DAYS = (1, 3)
LONGEST_ERROR = 1000


def succeeded(session: Session, mailbox: Mailbox, remark: str | None) -> None:
    """Take note that all mails of a mailbox were read; a `remark` says what was not done with them on the server."""
    mailbox.last_sync_at = func.clock_timestamp()  # type: ignore[assignment]
    mailbox.last_error, mailbox.failing_since = remark and remark[:LONGEST_ERROR], None
    mailbox.failures = mailbox.days_warned = 0
    session.flush()


def failed(session: Session, mailbox: Mailbox, reason: str) -> None:
    """Take note that a mailbox could not be read, and tell of it after a day and after three."""
    session.flush()
    [row] = run(session, "note_sync_failure", id=mailbox.id, error=reason[:LONGEST_ERROR])
    session.refresh(mailbox)
    if due := [days for days in WARNED_AFTER_DAYS if row.days_warned < days <= row.days]:
        mailbox.days_warned = due[-1]
        session.flush()
        log.warning("organization %d, mailbox %d: %s", mailbox.organization_id, mailbox.id, reason)
        said = {"mailboxId": mailbox.id, "failingSince": moment(row.failing_since), "days": due[-1], "error": reason}
        tell(session, mailbox.organization_id, [News(MAILBOX_FAILING, said)])


def failing(organization_id: int) -> Wanted:
    """Return the mailboxes that cannot be read, and since when."""
    wanted = select(Mailbox.id, Mailbox.failing_since).where(Mailbox.organization_id == organization_id)
    return wanted.where(Mailbox.enabled, Mailbox.failing_since.is_not(None))

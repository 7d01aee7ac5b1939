"""The jobs that read mailboxes: one at a time for each, owed when its time has come or somebody asks."""

import logging

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import outbox
from db.models import Job
from db.queries import run
from db.transaction import is_transient, transaction
from domain.errors import Conflict
from domain.jobs.admission import admission
from domain.jobs.lifecycle import UNFINISHED
from domain.jobs.submission import enqueue
from domain.mailboxes import registration

log = logging.getLogger(__name__)
KIND = "email.sync"
# So many are owed at once; those that are left are found the next time.
AT_ONCE = 100


def owe(session: Session, organization_id: int, mailbox_id: int) -> int:
    """Return the job that reads a mailbox: that which waits or runs, due now, or a new one.

    Raise NotFound, TooManyWaiting, or Conflict for a mailbox that is disabled.
    """
    if not registration.get(session, organization_id, mailbox_id, locked=True).enabled:
        raise Conflict("the mailbox is disabled: enable it first")
    found = select(Job.id).where(Job.organization_id == organization_id, Job.kind == KIND)
    holder = session.scalar(found.where(Job.unique_key == str(mailbox_id), Job.status.in_(UNFINISHED)))
    if holder is not None:
        outbox.hasten(session, holder)
        return holder
    admission.admit(session, organization_id)
    return _owe(session, organization_id, mailbox_id)


def owe_due() -> None:
    """Owe the jobs of the mailboxes whose time has come."""
    try:
        with transaction() as session:
            for row in run(session, "owe_due_mailboxes", kind=KIND, limit=AT_ONCE):
                _owe(session, row.organization_id, row.id)
    except DBAPIError as error:
        if not is_transient(error):
            raise
        log.info("mailboxes: %s; what is due is owed the next time", type(error).__name__)


def _owe(session: Session, organization_id: int, mailbox_id: int) -> int:
    payload = {"tenantId": organization_id, "mailboxId": mailbox_id}
    [job_id] = enqueue(session, organization_id, KIND, [(str(mailbox_id), payload)], unique_key=str(mailbox_id))
    return job_id

"""Deletes rows that are past their retention, in short transactions; the next cleanup goes on with the rest."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

import settings
from db import jobs as job_rows
from db import presence, retention
from db.transaction import is_transient, statement, transaction
from domain.files import collection
from domain.jobs.presence import KEPT_S
from domain.personal_data import encrypting

log = logging.getLogger(__name__)


def clean(seconds: float) -> None:
    """Make and drop weeks of the history, then delete some thousand rows, and more until `seconds` are over.

    Jobs are swept as well whose lease was put, by hand or by a clock, where sweeps have looked already; and those are
    owed that collect what was stored and not kept, and that encrypt what is still in plain.
    """
    deadline = time.monotonic() + seconds
    with _tolerance(), statement() as session:
        job_rows.sweep(session, whole=True)
        presence.forget(session, KEPT_S)
    with _tolerance():
        _turn_weeks()
    with _tolerance():
        collection.owe()
    with _tolerance():
        encrypting.owe()
    with _tolerance():
        while _delete_rows() and time.monotonic() < deadline:
            pass


@contextmanager
def _tolerance() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        if not is_transient(error):
            raise
        log.info("cleanup: %s; the rest is left to the next one", type(error).__name__)


def _turn_weeks() -> None:
    with transaction() as session:
        retention.make_weeks(session)
    current = settings.current()
    for parent, days in (
        (retention.JOBS, current.job_retention_days),
        (retention.EVENTS, current.event_retention_days),
    ):
        while _drop_week(parent, days):
            pass


def _drop_week(parent: str, days: int) -> bool:
    with transaction() as session:
        return retention.drop_week(session, parent, days)


def _delete_rows() -> int:
    current = settings.current()
    kept = retention.Retention(
        jobs=current.job_retention_days,
        failed_jobs=current.failed_job_retention_days,
        answers_h=current.idempotency_retention_hours,
        events=current.event_retention_days,
        mails=current.mail_retention_days,
        letters=current.imported_mail_retention_days,
        readings=current.rejected_bill_retention_days,
    )
    with transaction() as session:
        return retention.clean(session, kept)

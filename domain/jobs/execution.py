"""From claimed to settled: the same path for one job and for five hundred."""

import logging
import random
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from db import queue
from db.queue import ClaimedJob, Failure, LeaseLost
from db.transaction import is_transient, sqlstate, statement, transaction
from domain.jobs import backoff
from domain.jobs.registry import Context, Kind, Outcome, PermanentError
from settings import settings

log = logging.getLogger(__name__)

# Lock and statement timeouts: somebody holds one of the group's counters, or the group is too much for one statement.
TIMEOUTS = ("55P03", "57014")


def deliver(kind: Kind, job_ids: Sequence[int]) -> None:
    """Run those of `job_ids` that are due, each to its end or back to the outbox; a doubled message finds nothing.

    At most one group is taken; ids beyond it keep their outbox entries and come again.
    """
    token = uuid4()
    job_ids = job_ids[: kind.group]
    try:
        _run(kind, _claim(kind, job_ids, token), token)
    except LeaseLost as lost:
        log.warning("%s: lease lost, rolled back (%s)", kind.name, lost)
        _count("lease_lost")
    except Exception as error:
        if not is_transient(error):
            raise
        # A commit whose outcome is unknown is decided here too: what did commit no longer carries the token.
        log.warning("%s: %s; handing back", kind.name, type(error).__name__)
        _hand_back(token, job_ids, alone=len(job_ids) == 1 or sqlstate(error) in TIMEOUTS)


def _claim(kind: Kind, job_ids: Sequence[int], token: UUID) -> list[ClaimedJob]:
    with statement() as session:
        return queue.claim(session, kind.name, job_ids, token, settings.lease)


def _run(kind: Kind, jobs: Sequence[ClaimedJob], token: UUID) -> None:
    if not jobs:
        return
    started = time.monotonic()
    try:
        with transaction() as session:
            _settle(session, token, jobs, kind.handler(Context(session), jobs))
    except Exception as error:
        if isinstance(error, LeaseLost) or (is_transient(error) and not _was_idle(started, error)):
            raise
        log.error(
            "%s: %d jobs failed: %s",
            kind.name,
            len(jobs),
            _reason(error),
            exc_info=not isinstance(error, SQLAlchemyError),
        )
        _set_aside(kind, jobs, token, error)


def _was_idle(started: float, error: Exception) -> bool:
    """Tell whether the server cut the connection because the handler kept its transaction idle, as it would again."""
    cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return cut and time.monotonic() - started >= settings.idle_in_transaction_timeout


def _settle(session: Session, token: UUID, jobs: Sequence[ClaimedJob], outcomes: Sequence[Outcome]) -> None:
    results: dict[int, Outcome] = {}
    failures: list[Failure] = []
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, PermanentError):
            failures.append(Failure(job.id, str(outcome), None))
        else:
            results[job.id] = outcome
    queue.complete(session, token, results)
    queue.set_aside(session, token, failures)


def _set_aside(kind: Kind, jobs: Sequence[ClaimedJob], token: UUID, error: Exception) -> None:
    with transaction() as session:
        if len(jobs) > 1:
            # Nobody knows whose fault it was: each goes alone next time, and only the culprit fails.
            queue.release(session, token, [job.id for job in jobs], delay=0, alone=True)
        else:
            queue.set_aside(session, token, [_failure(kind, jobs[0], error)])


def _failure(kind: Kind, job: ClaimedJob, error: Exception) -> Failure:
    if isinstance(error, PermanentError):
        return Failure(job.id, str(error), None)
    last = job.attempts >= job.max_attempts
    delay = None if last else backoff.delay(kind.backoff, job.attempts)
    return Failure(job.id, _reason(error), delay)


def _reason(error: Exception) -> str:
    """Return what a caller may read: no SQL, no constraint's name, no row."""
    if isinstance(error, SQLAlchemyError):
        return f"the database refused the job (SQLSTATE {sqlstate(error)})"
    return f"{type(error).__name__}: {error}"[:2000]


def _hand_back(token: UUID, job_ids: Sequence[int], alone: bool) -> None:
    """Release what is still held under `token`, waiting for the database as long as the task may; then it is swept."""
    deadline = time.monotonic() + settings.task_timeout
    while time.monotonic() < deadline:
        try:
            with statement() as session:
                queue.release(session, token, job_ids, delay=random.uniform(0.05, 0.5), alone=alone)  # noqa: S311
            return
        except SQLAlchemyError as error:
            if not is_transient(error):
                raise
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311


def _count(incident: str) -> None:
    with statement() as session:
        queue.record_incident(session, incident)

"""From claimed to settled: the same path for one job, for five hundred, and for one that takes hours."""

import logging
import os
import random
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isqrt
from uuid import UUID, uuid4

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from db import jobs as job_rows
from db import statistics as figures
from db.jobs import ClaimedJob, Failure, LeaseLost
from db.transaction import is_transient, sqlstate, statement, transaction
from domain.jobs import backoff, payloads
from domain.jobs.lifecycle import Status
from domain.jobs.monitoring import statistics
from domain.jobs.payloads import FromTheFuture
from domain.jobs.registry import Kind
from domain.jobs.work import Context, Outcome, PermanentError, Steps
from settings import settings

log = logging.getLogger(__name__)

# A long job is handed back after so much of its kind's timeout, and goes on when its turn comes again.
SLICE = 0.5


class HeldTooLong(Exception):
    """The server cut the connection because the handler kept its transaction idle, as it would again."""


def run_jobs(kind: Kind, job_ids: Sequence[int], seconds: float | None = None) -> None:
    """Run those of `job_ids` that are due, each to its end or back to the outbox; a doubled message finds nothing.

    At most one group is taken; ids beyond it keep their outbox entries and come again. A job that yields is handed
    back at its first yield after `seconds`, by default half of what its kind may take.
    """
    token = uuid4()
    job_ids = job_ids[: kind.group]
    started = time.monotonic()
    deadline = started + (kind.timeout * SLICE if seconds is None else seconds)
    try:
        jobs = _runnable(kind, _claim(kind, job_ids, token), token)
        if jobs:
            _run(kind, jobs, token, started, deadline)
    except LeaseLost as lost:
        log.warning("%s: lease lost, rolled back (%s)", kind.name, lost)
        _count("lease_lost")
    except Exception as error:
        if not is_transient(error):
            raise
        # A commit whose outcome is unknown is decided here too: what did commit no longer carries the token.
        log.warning("%s: %s; handing back", kind.name, type(error).__name__)
        _hand_back(token, job_ids)


def worker_name() -> str:
    """Return the name under which this process claims: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _claim(kind: Kind, job_ids: Sequence[int], token: UUID) -> list[ClaimedJob]:
    with statement() as session:
        return job_rows.claim(session, kind.name, job_ids, token, settings.lease, worker_name())


def _runnable(kind: Kind, jobs: Sequence[ClaimedJob], token: UUID) -> list[ClaimedJob]:
    """Return the jobs to be run, with payloads of this version; settle those that are cancelled or not understood."""
    ready = []
    for job in jobs:
        try:
            if job.cancel_requested:
                with transaction() as session:
                    _checkpoint(session, kind, token, job, job.progress, None)
            else:
                ready.append(payloads.current(kind, job))
        except FromTheFuture as newer:
            log.warning("%s; leaving job %d to a newer worker", newer, job.id)
            _release(token, [job.id], delay=settings.redelivery_interval)
        except Exception as error:
            if is_transient(error) or isinstance(error, LeaseLost):
                raise
            with transaction() as session:
                job_rows.set_aside(session, token, [_failure(kind, job, error)])
    return ready


def _run(kind: Kind, jobs: Sequence[ClaimedJob], token: UUID, started: float, deadline: float) -> None:
    try:
        if kind.stepwise:
            _walk(kind, jobs[0], token, started, deadline)
        else:
            with _step() as session:
                _settle(session, kind, token, jobs, kind.handler(Context().within(session), jobs), started)
    except Exception as error:
        if isinstance(error, LeaseLost) or is_transient(error):
            raise
        log.error(
            "%s: %d jobs failed: %s",
            kind.name,
            len(jobs),
            _reason(error),
            exc_info=not isinstance(error, SQLAlchemyError | HeldTooLong),
        )
        _set_aside(kind, jobs, token, error, started)


def _walk(kind: Kind, job: ClaimedJob, token: UUID, started: float, deadline: float) -> None:
    """Run one job step by step, each in a transaction of its own with its checkpoint."""
    context = Context(job.progress)
    steps: Steps = kind.handler(context, job)
    while True:
        with _step() as session:
            context.within(session)
            try:
                progress = next(steps)
            except StopIteration as end:
                _settle(session, kind, token, [job], [end.value or {}], started)
                return
            status = _checkpoint(session, kind, token, job, *progress)
        if status == Status.CANCELLED:
            return
        if time.monotonic() >= deadline:
            with transaction() as session:
                statistics.record(session, kind, worker_name(), [job], time.monotonic() - started, 0, goes_on=1)
                job_rows.release(session, token, [job.id], delay=0, group_limit=None)
            return


@contextmanager
def _step() -> Iterator[Session]:
    started = time.monotonic()
    try:
        with transaction() as session:
            yield session
    except DBAPIError as error:
        if error.connection_invalidated and time.monotonic() - started >= settings.idle_in_transaction_timeout:
            raise HeldTooLong("the handler kept its transaction idle too long") from error
        raise


def _checkpoint(session: Session, kind: Kind, token: UUID, job: ClaimedJob, done: int, total: int | None) -> str:
    status = job_rows.checkpoint(session, token, job.id, done, total, settings.lease)
    if status == Status.CANCELLED and kind.cancelled:
        kind.cancelled(session, job.organization_id, job.id, job.payload)
    return status


def _settle(
    session: Session,
    kind: Kind,
    token: UUID,
    jobs: Sequence[ClaimedJob],
    outcomes: Sequence[Outcome],
    started: float,
) -> None:
    results: dict[int, Outcome] = {}
    failures: list[Failure] = []
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, PermanentError):
            failures.append(Failure(job.id, str(outcome), None))
        else:
            results[job.id] = outcome
    job_rows.complete(session, token, results)
    job_rows.set_aside(session, token, failures)
    statistics.record(session, kind, worker_name(), jobs, time.monotonic() - started, len(failures))


def _set_aside(kind: Kind, jobs: Sequence[ClaimedJob], token: UUID, error: Exception, started: float) -> None:
    with transaction() as session:
        if len(jobs) > 1:
            # Nobody knows whose fault it was: they go on in smaller groups, and only the culprit fails in the end.
            job_rows.release(session, token, [job.id for job in jobs], delay=0, group_limit=_smaller(len(jobs)))
        else:
            statistics.record(session, kind, worker_name(), jobs, time.monotonic() - started, failed=1)
            job_rows.set_aside(session, token, [_failure(kind, jobs[0], error)])


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


def _smaller(jobs: int) -> int:
    """Return how many of so many should go on together, so that one at fault is found in few deliveries and rounds.

    The square root (R. Dorfman, The Detection of Defective Members of Large Populations, 1943).
    """
    return isqrt(jobs)


def _release(token: UUID, job_ids: Sequence[int], delay: float = 0, group_limit: int | None = None) -> None:
    with statement() as session:
        job_rows.release(session, token, job_ids, delay=delay, group_limit=group_limit)


def _hand_back(token: UUID, job_ids: Sequence[int]) -> None:
    """Release what is still held under `token`, waiting for the database as long as the task may; then it is swept.

    In smaller groups: it may be one that crashes the server's process, or a group too large for one statement.
    """
    deadline = time.monotonic() + settings.task_timeout
    while time.monotonic() < deadline:
        try:
            pause = random.uniform(0.05, 0.5)  # noqa: S311
            _release(token, job_ids, delay=pause, group_limit=_smaller(len(job_ids)))
            return
        except SQLAlchemyError as error:
            if not is_transient(error):
                raise
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311


def _count(incident: str) -> None:
    with statement() as session:
        figures.record_incident(session, incident)

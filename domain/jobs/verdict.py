"""The verdict on a job that met an error: the words its caller may read, and when it is tried again."""

import re
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

import settings
from db import traces
from db.jobs import ClaimedJob, Failure
from db.transaction import sqlstate
from domain.jobs import backoff
from domain.jobs.redaction import HIDDEN
from domain.jobs.registry import Kind
from domain.jobs.work import PermanentError, Retry
from settings import variable

MAX_ERROR_LENGTH = 2000
QUOTED = re.compile(r"""(?<!\w)("[^"]*"|'[^']*')( \([^)]*\))?""")
LOST = "the connection to the database was lost each time that this job ran; the database's log says why"
CRASHED = "the database's server process crashed while it ran this job; its log says why"


def servers_verdict(error: BaseException) -> str | None:
    """Return the sentence for a limit of ours that the server enforced on the job, None for any other error."""
    match sqlstate(error):
        case "57014":
            limit = f"{variable('statement_timeout')} ({settings.current().statement_timeout} s)"
            return f"the database cancelled a statement of this job, which may take {limit}; give it less to do at once"
        case "25P03":
            limit = f"{variable('idle_in_transaction_timeout')} ({settings.current().idle_in_transaction_timeout} s)"
            return f"the job kept its transaction idle for longer than {limit}; wait before context.session is used"
    return None


def lost(error: BaseException) -> str:
    """Return the sentence for a job that has lost its connection to the database too often in a row."""
    if sqlstate(error) == "25P04":
        return "the database ended this job's transaction at its transaction_timeout; give it less to do at once"
    return LOST


def failure(kind: Kind, job: ClaimedJob, error: Exception, reason: str | None = None) -> Failure:
    """Return what becomes of a job that met `error`: another attempt after its backoff, or none."""
    if isinstance(error, PermanentError):
        return Failure(job.id, str(error), None)
    return _attempted(job, reason or readable(error), backoff.delay(kind.backoff, job.attempts))


def retry(job: ClaimedJob, asked: Retry) -> Failure:
    """Return what becomes of a job whose handler asks for another attempt."""
    return _attempted(job, asked.reason[:MAX_ERROR_LENGTH], asked.seconds)


def _attempted(job: ClaimedJob, reason: str, delay: float) -> Failure:
    return Failure(job.id, reason, None if job.attempts >= job.max_attempts else delay)


def readable(error: BaseException) -> str:
    """Return what a caller may read: no SQL, no constraint's name, no row."""
    if state := sqlstate(error):
        return f"the database refused the job (SQLSTATE {state})"
    if isinstance(error, SQLAlchemyError):
        return f"{type(error).__name__} of the job's session; the worker's log says more"
    return f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH]


def logged(kind: Kind, reason: str) -> str:
    """Return a reason as the log has it: what a job of persons quotes, and what follows in brackets, is left out."""
    return QUOTED.sub(HIDDEN, reason) if kind.personal else reason


def fields(kind: Kind, job: ClaimedJob, failure: Failure) -> dict[str, Any]:
    """Return what the log says of a failed job: which it is, whose, which attempt, and what becomes of it."""
    outcome = "FAILED" if failure.delay is None else f"tried again in {failure.delay:.0f} s"
    attempt = f"{job.attempts} of {job.max_attempts}"
    traced = {"trace_id": traces.trace_id(job.traceparent)} if job.traceparent else {}
    return {
        "job_id": job.id,
        "kind": kind.name,
        "organization_id": job.organization_id,
        "attempt": attempt,
        "outcome": outcome,
        **traced,
    }

"""The verbs of the job table. Every write after a claim carries the lease token."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import acting, traces
from db.queries import fetch, run
from db.transaction import savepoint, sqlstate

# Serialization failure: the row that a statement waited for has moved to another partition.
COMPLETED_MEANWHILE = "40001"
LATE, DIED = "the worker did not finish within its lease", "the worker died, or was silent for too long"
# A fraction in a payload from outside is a Decimal; what must stay exact is sent as text.
PAYLOADS = json.JSONEncoder(default=float)
# The characters that no jsonb can hold.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class LeaseLost(Exception):
    """Another worker owns the job by now: the caller rolls back and leaves it alone."""


class ClaimedJob(NamedTuple):
    id: int
    organization_id: int
    payload: dict[str, Any]
    attempts: int
    max_attempts: int
    payload_version: int = 1
    progress: int = 0
    cancel_requested: bool = False
    waited: float = 0.0
    hand_backs: int = 0
    traceparent: str | None = None

    def __repr__(self) -> str:
        # Whatever writes it down, a traceback say, writes no payload.
        return f"ClaimedJob(id={self.id}, organization_id={self.organization_id})"


class Kept(NamedTuple):
    """What a job is after its checkpoint; once it has come further, attempts and hand-backs are counted anew."""

    status: str
    attempts: int
    hand_backs: int


class Failure(NamedTuple):
    """Why a job did not complete; `delay` is the seconds until its next attempt, None when there is none."""

    id: int
    error: str
    delay: float | None


class NewJob(NamedTuple):
    """A job to be written; jobs of one group key had better be done together.

    Without `created_by` it is of whoever acts in this thread, and without `traceparent` of the trace of what that does.
    """

    organization_id: int
    payload: Mapping[str, Any]
    group_key: str = ""
    created_by: str | None = None
    traceparent: str | None = None


class FailureGroup(NamedTuple):
    """Jobs that failed alike. `shape` is what their errors have in common, of which `fingerprint` is a digest.

    `job_ids` are those of the jobs, oldest first, where a single group was asked for; `failed` is how many failed jobs
    were looked at in all.
    """

    fingerprint: str
    kind: str
    shape: str
    jobs: int
    organizations: int
    first_at: datetime
    last_at: datetime
    newest_id: int
    job_ids: list[int] | None
    failed: int


class Outcomes(NamedTuple):
    """How many of some jobs were completed, failed again (an attempt of theirs did), and have not run yet."""

    completed: int
    failed: int
    under_way: int


def enqueue(
    session: Session | psycopg.Connection,
    kind: str,
    lane: str,
    priority: int,
    max_attempts: int,
    jobs: Sequence[NewJob],
    version: int = 1,
    total: int = 1,
    held: float = 0.0,
    delay: float = 0.0,
    run_at: datetime | None = None,
    unique_key: str | None = None,
) -> list[int]:
    """Write each job and its outbox entry, due in `held` seconds; return the ids in order.

    `version` is that of the payloads, `total` how many items each job will work through. A job waits until `run_at`, or
    for `delay` seconds. Of one kind and `unique_key` one job at a time may wait or run.
    """
    actor, traceparent = acting.actor(), traces.current()
    rows = run(
        session,
        "enqueue",
        kind=kind,
        lane=lane,
        priority=priority,
        max_attempts=max_attempts,
        version=version,
        total=total,
        held=held,
        delay=delay,
        run_at=run_at,
        unique_key=unique_key,
        organization_ids=[job.organization_id for job in jobs],
        payloads=[PAYLOADS.encode(job.payload) for job in jobs],
        group_keys=[job.group_key for job in jobs],
        created_by=[job.created_by or actor for job in jobs],
        traceparents=[job.traceparent or traceparent for job in jobs],
    )
    return [row.id for row in rows]


def claim(
    session: Session, kind: str, ids: Sequence[int], token: UUID, lease: float, worker: str = ""
) -> list[ClaimedJob]:
    """Take those of `ids` that are due and PENDING under `token` for `lease` seconds; return them in id order."""
    return fetch(session, ClaimedJob, "claim", kind=kind, ids=list(ids), token=token, lease=lease, worker=worker)


def checkpoint(session: Session, token: UUID, job_id: int, progress: int, total: int | None, lease: float) -> Kept:
    """Keep how far the job has come and renew its lease; its status is CANCELLED if somebody asked for that.

    Raise LeaseLost unless it is still held under `token`.
    """
    rows = fetch(session, Kept, "checkpoint", id=job_id, token=token, progress=progress, total=total, lease=lease)
    if not rows:
        raise LeaseLost("checkpoint: the job is no longer held")
    return rows[0]


def complete(session: Session, token: UUID, results: Mapping[int, Any], personal: Sequence[str] = ()) -> None:
    """Complete each job with its result, its payload without the `personal` fields.

    Raise LeaseLost unless every one is still held under `token`.
    """
    if results:
        _settle(session, "complete", token, list(results), results=json.dumps(results), personal=list(personal))


def set_aside(session: Session, token: UUID, failures: Sequence[Failure]) -> None:
    """Retry or fail each job; raise LeaseLost unless every one is still held under `token`."""
    retried = [f for f in failures if f.delay is not None]
    failed = [f for f in failures if f.delay is None]
    if retried:
        delays = json.dumps({f.id: f.delay for f in retried})
        _settle(session, "retry", token, [f.id for f in retried], errors=_errors(retried), delays=delays)
    if failed:
        _settle(session, "fail", token, [f.id for f in failed], errors=_errors(failed))


def _errors(failures: Sequence[Failure]) -> str:
    return json.dumps({f.id: UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", f.error) for f in failures})


def _settle(session: Session, verb: str, token: UUID, ids: Sequence[int], **of_each: Any) -> None:
    moved = run(session, verb, token=token, ids=ids, **of_each)
    if len(moved) != len(ids):
        raise LeaseLost(f"{verb}: {len(moved)} of {len(ids)} jobs still held")


def release(
    session: Session,
    token: UUID,
    ids: Sequence[int],
    delay: float,
    group_limit: int | None,
    lost: bool = False,
) -> int:
    """Hand back those of `ids` still held under `token`, attempt included; return how many.

    They are due in `delay` seconds; if they have `lost` their connection, that is counted and doubles the delay.
    """
    return len(run(session, "release", ids=list(ids), token=token, delay=delay, group_limit=group_limit, lost=lost))


def server_crashed(session: Session, token: UUID, job_id: int, lease: float) -> bool:
    """Tell whether a process of the server has crashed since the job was claimed, or last renewed its `lease`."""
    rows = run(session, "find_crash", id=job_id, token=token, lease=lease)
    return bool(rows and rows[0].crashed)


def cancel(session: Session, organization_id: int, job_id: int) -> str | None:
    """Cancel a PENDING job, ask a PROCESSING one to stop; return its status, None if it was neither."""
    try:
        with savepoint(session):
            rows = run(session, "cancel", id=job_id, organization_id=organization_id)
    except DBAPIError as error:
        if sqlstate(error) != COMPLETED_MEANWHILE:
            raise
        return None
    return rows[0].status if rows else None


def states(session: Session, ids: Iterable[int]) -> Sequence[Any]:
    """Return the rows of jobs as their callers may see them."""
    return run(session, "job_states", ids=sorted(set(ids)))


def digests(session: Session, organization_ids: Collection[int], jobs: int) -> dict[int, str]:
    """Return for each organization a digest of so many of its newest jobs, which changes when one of them does."""
    rows = run(session, "digest_jobs", organization_ids=sorted(organization_ids), jobs=jobs)
    return {row.organization_id: row.digest or "" for row in rows}


def requeue(session: Session, organization_id: int, *job_ids: int) -> list[int]:
    """Give FAILED and CANCELLED jobs their attempts again, of one unique key one; return the ids of those that were."""
    return [row.id for row in run(session, "requeue", ids=list(job_ids), organization_id=organization_id)]


def group_failures(session: Session, organization_id: int | None, **terms: Any) -> list[FailureGroup]:
    """Return the groups of the newest failed jobs of an organization, or of all for None, which failed last first.

    `terms`: how many `failed` jobs are looked at, how many `groups` returned, or the `fingerprint` of one or a
    `job_id` in it, and `other_kinds_than`.
    """
    return fetch(session, FailureGroup, "group_failures", organization_id=organization_id, **terms)


def outcomes(session: Session, retry_id: int, ids: Sequence[int]) -> Outcomes:
    """Return what came of jobs since the job `retry_id`, which has them tried again, was made."""
    return fetch(session, Outcomes, "count_outcomes", retry_id=retry_id, ids=list(ids))[0]


def sweep(session: Session, limit: int = 1000, whole: bool = False) -> None:
    """Re-drive or fail up to `limit` jobs whose lease has expired since the last sweep, or ever if it is `whole`."""
    if expired := run(session, "find_expired", limit=limit, whole=whole):
        run(session, "sweep", ids=[row.id for row in expired], holders=[], error=LATE)


def take_back(session: Session, holders: Sequence[str], lease: float, limit: int = 1000) -> None:
    """Re-drive or fail up to `limit` jobs of processes, or of children of a process, that have died.

    A job that a silent process has claimed since is left alone; it shows by the end of its lease, of `lease` seconds.
    """
    if holders and (held := run(session, "find_held", holders=list(holders), lease=lease, limit=limit)):
        run(session, "sweep", ids=[row.id for row in held], holders=list(holders), error=DIED)

"""Jobs as their organization sees them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from db import jobs as job_rows
from db.models import Job, JobAttempt
from domain.counting import LATELY, Wanted
from domain.errors import Conflict, NotFound, say
from domain.jobs.lifecycle import Status
from domain.jobs.registry import registered

MAX_REQUEUED_AT_ONCE = 1000
ROWS_AT_ONCE = 50
# Among so many that failed, the newest, those that failed lately are looked for.
MAX_FAILED_LOOKED_AT = 1000


def get(session: Session, organization_id: int, job_id: int) -> Job:
    """Return one job; raise NotFound."""
    job = session.scalar(_matching(organization_id, {}).where(Job.id == job_id))
    if job is None:
        raise NotFound(say("job %(id)s not found", id=job_id))
    return job


def several(session: Session, organization_id: int, job_ids: Sequence[int]) -> Sequence[Job]:
    """Return those of the jobs that are there."""
    return session.scalars(_matching(organization_id, {}).where(Job.id.in_(job_ids))).all()


def page(
    session: Session, organization_id: int, filters: Mapping[str, Any], before: int | None, limit: int
) -> Iterable[Job]:
    """Return up to `limit` jobs that match, newest first, with ids below `before` if given; read a few at a time."""
    wanted = _matching(organization_id, filters).order_by(Job.id.desc()).limit(limit)
    wanted = wanted.where(Job.id < before) if before else wanted
    return session.scalars(wanted.execution_options(yield_per=ROWS_AT_ONCE))


def failed_lately(organization_id: int) -> Wanted:
    """Return those of the newest MAX_FAILED_LOOKED_AT failed jobs that have failed lately, and when."""
    failed = _matching(organization_id, {"status": Status.FAILED}).with_only_columns(Job.id, Job.completed_at)
    newest = failed.order_by(Job.id.desc()).limit(MAX_FAILED_LOOKED_AT).subquery()
    lately = func.clock_timestamp() - text(f"interval '{LATELY}'")
    return select(newest).where(newest.c.completed_at > lately)


def digests(session: Session, organization_ids: Collection[int]) -> dict[int, str]:
    """Return for each organization a digest of its newest jobs, which changes when one of them does."""
    return job_rows.digests(session, organization_ids, ROWS_AT_ONCE)


def attempts(session: Session, job: Job) -> list[dict[str, Any]]:
    """Return each attempt since the job was made, oldest first: what came of it, when, and the error."""
    rows = session.scalars(select(JobAttempt).where(JobAttempt.job_id == job.id).order_by(JobAttempt.id)).all()
    told = [
        {name: getattr(row, name) for name in ("attempt", "outcome", "worker", "error", "started_at", "ended_at")}
        for row in rows
    ]
    if job.status != Status.PENDING and job.started_at and job.started_at not in {row.started_at for row in rows}:
        outcome = {Status.PROCESSING: "running"}.get(Status(job.status), job.status.lower())
        last = {"attempt": job.attempts, "worker": job.worker, "error": None, "started_at": job.started_at}
        told.append(last | {"outcome": outcome, "ended_at": job.completed_at})
    return told


def cancel(session: Session, organization_id: int, job_id: int) -> Job:
    """Cancel a job, or ask its worker to; return it as it then is. Raise NotFound or Conflict."""
    status = job_rows.cancel(session, organization_id, job_id)
    job = get(session, organization_id, job_id)
    if status is None:
        raise _conflict(job, "only a pending or processing job can be cancelled")
    kind = registered(job.kind)
    if status == Status.CANCELLED and kind and kind.cancelled:
        kind.cancelled(session, organization_id, job_id, job.payload)
    return job


def requeue(session: Session, organization_id: int, job_id: int) -> Job:
    """Give a failed or cancelled job all its attempts again; return it. Raise NotFound or Conflict."""
    if not job_rows.requeue(session, organization_id, job_id):
        job = get(session, organization_id, job_id)
        if job.status in (Status.FAILED, Status.CANCELLED):
            raise _conflict(job, f"another job with its uniqueKey {job.unique_key!r} waits or runs")
        raise _conflict(job, "only a failed or cancelled job can be retried")
    return get(session, organization_id, job_id)


def requeueable(session: Session, organization_id: int, filters: Mapping[str, Any]) -> Sequence[int]:
    """Return the ids of up to MAX_REQUEUED_AT_ONCE jobs that match, oldest first: failed, unless the filters say so."""
    wanted = _matching(organization_id, {"status": Status.FAILED} | dict(filters))
    ids = wanted.with_only_columns(Job.id).order_by(Job.id)
    return session.scalars(ids.limit(MAX_REQUEUED_AT_ONCE)).all()


def oldest(session: Session, organization_id: int, filters: Mapping[str, Any], limit: int) -> Sequence[Any]:
    """Return the id and the kind of up to `limit` jobs that match, oldest first."""
    wanted = _matching(organization_id, filters).with_only_columns(Job.id, Job.kind).order_by(Job.id)
    return session.execute(wanted.limit(limit)).all()


def _conflict(job: Job, wish: str) -> Conflict:
    status = job.status.lower()
    return Conflict(say("job %(id)s is %(status)s: %(wish)s", id=job.id, status=status, wish=wish), jobStatus=status)


def _matching(organization_id: int, filters: Mapping[str, Any]) -> Select[Job]:
    wanted = select(Job).where(Job.organization_id == organization_id)
    for name, value in filters.items():
        match name:
            case "kind":
                wanted = wanted.where(Job.kind == value)
            case "other_kinds_than":
                wanted = wanted.where(Job.kind.not_in(value))
            case "status":
                wanted = wanted.where(Job.status.in_([value] if isinstance(value, str) else value))
            case "created_by":
                wanted = wanted.where(Job.created_by == value)
            case "created_after":
                wanted = wanted.where(Job.created_at >= value)
            case "created_before":
                wanted = wanted.where(Job.created_at < value)
    return wanted

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from db import clock
from db import jobs as job_rows
from db.jobs import NewJob
from db.models import Job
from domain import encryption, master_keys
from domain.encryption import DataKey
from domain.errors import Invalid, say
from domain.jobs.admission import admission
from domain.jobs.lifecycle import UNFINISHED
from domain.jobs.payloads import check
from domain.jobs.priorities import NORMAL
from domain.jobs.registry import Kind, find, kinds
from domain.jobs.sealing import sealed
from domain.jobs.work import Payload

LONGEST_WAIT = timedelta(days=366)


def enqueue(
    session: Session | psycopg.Connection,
    organization_id: int,
    kind_name: str,
    payloads: Sequence[tuple[str, Mapping[str, Any]]],
    **terms: Any,
) -> list[int]:
    """Owe one job for each (group key, payload) if and when the transaction of `session` commits; return their ids.

    The transaction may be any in Counterfoil's database: a SQLAlchemy session over psycopg, or a psycopg connection.
    `terms` are those of `enqueue_jobs`.
    """
    jobs = [NewJob(organization_id, payload, group_key) for group_key, payload in payloads]
    return enqueue_jobs(session, kind_name, jobs, **terms)


def enqueue_jobs(
    session: Session | psycopg.Connection,
    kind_name: str,
    jobs: Sequence[NewJob],
    priority: int = NORMAL,
    total: int = 1,
    held: float = 0.0,
    delay: float = 0.0,
    run_at: datetime | None = None,
    unique_key: str | None = None,
    keys: Mapping[int, DataKey] | None = None,
) -> list[int]:
    """Do what `enqueue` does for jobs of several organizations, with `total` items each.

    The relay leaves the jobs alone for `held` seconds, in which the process that submits them may run them itself. They
    wait until `run_at`, or for `delay` seconds. Of one kind and `unique_key` one job at a time may wait or run. `keys`
    encrypt what is personal; without them they are asked for.
    """
    kind = find(kind_name)
    if kind.personal:
        jobs = _sealed(session, kind, jobs, keys)
    return job_rows.enqueue(
        session,
        kind.name,
        kind.lane,
        priority,
        kind.max_attempts,
        jobs,
        version=kind.version,
        total=total,
        held=held,
        delay=delay,
        run_at=run_at,
        unique_key=unique_key,
    )


def _sealed(session: Any, kind: Kind, jobs: Sequence[NewJob], keys: Mapping[int, DataKey] | None) -> list[NewJob]:
    if keys is None:
        owners = {job.organization_id for job in jobs} if master_keys.are_given() else ()
        keys = {one: encryption.organization_key(session, one) for one in owners}
    return [
        job._replace(payload=sealed(kind, job.organization_id, job.payload, keys.get(job.organization_id)))
        for job in jobs
    ]


class Submitted(NamedTuple):
    """A job, and whether it is `new`: it may have waited or run under the same unique key before."""

    job_id: int
    new: bool


def submit(session: Session, organization_id: int, kind_name: str, payload: Payload, **terms: Any) -> Submitted:
    """Check a payload from outside and owe its job. `terms` are those of `enqueue_jobs`.

    With a `unique_key` under which a job of the kind waits or runs already, return that one.
    Raise Invalid, TooManyWaiting, or what the kind's own `submit` raises.
    """
    admission.admit(session, organization_id, terms.get("held", 0.0))
    kind = open_kind(kind_name)
    check(kind, payload)
    _check_time(session, terms.get("run_at"))
    if (known := holder(session, organization_id, kind.name, terms.get("unique_key"))) is not None:
        return Submitted(known, new=False)
    if kind.submit:
        return Submitted(kind.submit(session, organization_id, payload, **terms), new=True)
    [job_id] = enqueue(session, organization_id, kind_name, [("", payload)], **terms)
    return Submitted(job_id, new=True)


def _check_time(session: Session, run_at: datetime | None) -> None:
    if run_at and run_at > clock.now(session) + LONGEST_WAIT:
        raise Invalid.fields({"runAt": [say("must be within %(days)s days from now", days=LONGEST_WAIT.days)]})


def holder(session: Session, organization_id: int, kind_name: str, unique_key: str | None) -> int | None:
    """Return the job that waits or runs under the key. The database refuses a second one (SQLSTATE 23505)."""
    if unique_key is None:
        return None
    wanted = select(Job.id).where(Job.organization_id == organization_id, Job.kind == kind_name)
    return session.scalar(wanted.where(Job.unique_key == unique_key, Job.status.in_(UNFINISHED)))


def open_kind(name: str) -> Kind:
    """Return the kind of that name, whose payloads callers may submit; raise Invalid."""
    if name not in open_kinds():
        raise Invalid.sentence(f"unknown type {name!r}; known: {', '.join(open_kinds())}", "type")
    return find(name)


def open_kinds() -> list[str]:
    """Return the names of the kinds whose payloads callers may submit themselves."""
    return [kind.name for kind in kinds() if kind.schema is not None]

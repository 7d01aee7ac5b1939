from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from db import jobs as job_rows
from db.jobs import NewJob
from domain.errors import Invalid
from domain.jobs.admission import admission
from domain.jobs.payloads import check
from domain.jobs.priorities import NORMAL
from domain.jobs.registry import find, kinds
from domain.jobs.work import Payload


def enqueue(
    session: Session | psycopg.Connection,
    organization_id: int,
    kind_name: str,
    payloads: Sequence[tuple[str, Mapping[str, Any]]],
    priority: int = NORMAL,
    total: int = 1,
    held: float = 0.0,
) -> list[int]:
    """Owe one job for each (group key, payload) if and when the transaction of `session` commits; return their ids.

    The transaction may be any in Counterfoil's database: a SQLAlchemy session over psycopg, or a psycopg connection.
    The relay leaves the jobs alone for `held` seconds, in which the process that submits them may run them itself.
    """
    jobs = [NewJob(organization_id, payload, group_key) for group_key, payload in payloads]
    return enqueue_jobs(session, kind_name, jobs, priority, total, held)


def enqueue_jobs(
    session: Session | psycopg.Connection,
    kind_name: str,
    jobs: Sequence[NewJob],
    priority: int = NORMAL,
    total: int = 1,
    held: float = 0.0,
) -> list[int]:
    """Do what `enqueue` does for jobs of several organizations."""
    kind = find(kind_name)
    return job_rows.enqueue(
        session, kind.name, kind.lane, priority, kind.max_attempts, jobs, version=kind.version, total=total, held=held
    )


def submit(session: Session, organization_id: int, kind_name: str, payload: Payload, **terms: Any) -> int:
    """Check a payload from outside and owe its job; return the id. `terms` are `priority` and `held` of `enqueue`.

    Raise Invalid, TooManyWaiting, or what the kind's own `submit` raises.
    """
    admission.admit(session, organization_id, terms.get("held", 0.0))
    kind = find(kind_name) if kind_name in open_kinds() else None
    if kind is None:
        raise Invalid.sentence(f"unknown type {kind_name!r}; known: {', '.join(open_kinds())}", "type")
    check(kind, payload)
    if kind.submit:
        return kind.submit(session, organization_id, payload, **terms)
    [job_id] = enqueue(session, organization_id, kind_name, [("", payload)], **terms)
    return job_id


def open_kinds() -> list[str]:
    """Return the names of the kinds whose payloads callers may submit themselves."""
    return [kind.name for kind in kinds() if kind.schema is not None]

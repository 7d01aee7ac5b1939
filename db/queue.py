"""The verbs of the job table. Every write after a claim carries the lease token."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from db.queries import run


class LeaseLost(Exception):
    """Another worker owns the job by now: the caller rolls back and leaves it alone."""


class ClaimedJob(NamedTuple):
    id: int
    organization_id: int
    payload: dict[str, Any]
    attempts: int
    max_attempts: int


class Failure(NamedTuple):
    """Why a job did not complete; `delay` is the seconds until its next attempt, None when there is none."""

    id: int
    error: str
    delay: float | None


def enqueue(
    session: Session,
    organization_id: int,
    kind: str,
    lane: str,
    priority: int,
    max_attempts: int,
    payloads: Sequence[tuple[str, Mapping[str, Any]]],
) -> list[int]:
    """Write a job and its outbox entry for each (group key, payload); return the ids in the same order."""
    rows = run(
        session,
        "enqueue",
        organization_id=organization_id,
        kind=kind,
        lane=lane,
        priority=priority,
        max_attempts=max_attempts,
        payloads=[json.dumps(payload) for _, payload in payloads],
        group_keys=[group_key for group_key, _ in payloads],
    )
    return [row.id for row in rows]


def claim(session: Session, kind: str, ids: Sequence[int], token: UUID, lease: float) -> list[ClaimedJob]:
    """Take those of `ids` that are due and PENDING under `token` for `lease` seconds; return them in id order."""
    rows = run(session, "claim", kind=kind, ids=list(ids), token=token, lease=lease)
    return [ClaimedJob(*row) for row in rows]


def complete(session: Session, token: UUID, results: Mapping[int, Any]) -> None:
    """Complete each job with its result; raise LeaseLost unless every one is still held under `token`."""
    if results:
        texts = [json.dumps(result) for result in results.values()]
        _settle(session, "complete", token, {"ids": list(results), "results": texts})


def set_aside(session: Session, token: UUID, failures: Sequence[Failure]) -> None:
    """Retry or fail each job; raise LeaseLost unless every one is still held under `token`."""
    retried = [f for f in failures if f.delay is not None]
    failed = [f for f in failures if f.delay is None]
    if retried:
        ids, errors, delays = map(list, zip(*retried, strict=True))
        _settle(session, "retry", token, {"ids": ids, "errors": errors, "delays": delays})
    if failed:
        ids, errors, _ = map(list, zip(*failed, strict=True))
        _settle(session, "fail", token, {"ids": ids, "errors": errors})


def _settle(session: Session, verb: str, token: UUID, parameters: dict[str, Any]) -> None:
    moved = run(session, verb, token=token, **parameters)
    if len(moved) != len(parameters["ids"]):
        raise LeaseLost(f"{verb}: {len(moved)} of {len(parameters['ids'])} jobs still held")


def release(session: Session, token: UUID, ids: Sequence[int], delay: float, alone: bool) -> int:
    """Hand back those of `ids` still held under `token`, attempt included; return how many."""
    return len(run(session, "release", ids=list(ids), token=token, delay=delay, alone=alone))


def cancel(session: Session, organization_id: int, job_id: int) -> bool:
    """Cancel a PENDING job; return whether it was one."""
    return bool(run(session, "cancel", id=job_id, organization_id=organization_id))


def requeue(session: Session, organization_id: int, job_id: int) -> bool:
    """Give a FAILED or CANCELLED job its attempts again; return whether it was one."""
    return bool(run(session, "requeue", id=job_id, organization_id=organization_id))


def sweep(session: Session, limit: int = 1000) -> int:
    """Re-drive or fail up to `limit` jobs whose lease has expired; return how many."""
    return len(run(session, "sweep", limit=limit))


def clean(session: Session, days: int, hours: int, limit: int = 1000) -> int:
    """Delete up to `limit` finished jobs older than `days` and answers older than `hours`; return how many."""
    jobs = run(session, "clean_jobs", days=days, limit=limit)
    keys = run(session, "clean_idempotency_keys", hours=hours, limit=limit)
    return len(jobs) + len(keys)


def record_incident(session: Session, name: str, count: int = 1) -> None:
    """Count a refusal under `name`, so that the person on call sees it."""
    run(session, "record_incident", name=name, count=count)

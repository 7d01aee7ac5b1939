"""One job of a kind, its worker killed at each point in turn."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import psycopg
from sqlalchemy.orm import Session

import tasks.kinds
from counterfoil.crashkit.database import Database, copy_of, disconnect
from counterfoil.crashkit.effects import Effects, difference, effects
from counterfoil.crashkit.fuse import NEVER, ChildBroke, killed_at
from counterfoil.crashkit.recovery import finish
from db.transaction import transaction
from domain.identity import organizations
from domain.jobs import submission
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind, Payload, find

Invariant = Callable[[psycopg.Connection], object]
Preparation = Callable[[Session, int], Payload]
ENDED = "SELECT status, error FROM jobs WHERE id = %s"


class NotCrashSafe(AssertionError):
    """A worker that died at a point that is named left something else behind than one that did not die."""


class Job(NamedTuple):
    kind: Kind
    id: int


def every_point(
    database: Database, kind: str, payload: Payload | Preparation, invariants: Iterable[Invariant] = ()
) -> list[str]:
    """Kill the worker of one job before and after each statement and commit; return the names of the points.

    Each time another worker finishes the job. Then every invariant is called with a psycopg connection, and the rows
    and sums of all tables must be those of a job whose worker did not die. Each point gets a copy of `database`, which
    is migrated. `payload` is the job's, or a function of a session and an organization's id that writes what the job
    needs and returns it. The session is that of a part, so a table of your own is made over `db.engine.owner_url()`.

    Raise NotCrashSafe, which names the point, or whose job does not complete even if nobody dies.
    """
    tasks.kinds.load()
    with copy_of(database) as prepared:
        job = _owe(find(kind), payload)
        disconnect()
        asked = [*invariants]
        _, expected = _tried(prepared, job, NEVER, asked)
        passed: list[str] = []
        while point := _survived(prepared, job, len(passed), asked, expected):
            passed.append(point)
    return passed


def _owe(kind: Kind, payload: Payload | Preparation) -> Job:
    with transaction() as session:
        organization_id = organizations.create(session, "Crash Test Ltd").id
        given = payload(session, organization_id) if callable(payload) else payload
        if kind.schema is not None:
            return Job(kind, submission.submit(session, organization_id, kind.name, given).job_id)
        [job_id] = submission.enqueue(session, organization_id, kind.name, [("", given)])
        return Job(kind, job_id)


def _survived(database: Database, job: Job, at: int, invariants: Iterable[Invariant], expected: Effects) -> str:
    point, found = _tried(database, job, at, invariants)
    if different := difference(found, expected):
        raise NotCrashSafe(f"{job.kind.name}, killed {point} (point {at}): {different}")
    return point


def _tried(database: Database, job: Job, at: int, invariants: Iterable[Invariant]) -> tuple[str, Effects]:
    """Return the point at which the worker died, "" if it did not, and what is left behind in the end."""
    with copy_of(database) as copy:
        point = killed_at(at, lambda: run_jobs(job.kind, [job.id]))
        where = f"{job.kind.name}, killed {point} (point {at})" if point else f"{job.kind.name}, nobody killed"
        try:
            killed_at(NEVER, lambda: finish(job.kind, job.id))
            with psycopg.connect(copy.owner) as connection:
                _check(connection, job, invariants)
                return point, effects(connection, job.id)
        except ChildBroke as broke:
            raise NotCrashSafe(f"{where}: the worker after it broke: {broke}") from None
        except AssertionError as violated:
            raise NotCrashSafe(f"{where}: {violated}") from violated


def _check(connection: psycopg.Connection, job: Job, invariants: Iterable[Invariant]) -> None:
    ended: Any = connection.execute(ENDED, [job.id]).fetchone()
    if ended[0] != Status.COMPLETED:
        raise AssertionError(f"the job ended {ended[0]}: {ended[1]}")
    for invariant in invariants:
        invariant(connection)

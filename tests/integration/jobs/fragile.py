"""Jobs that fail while what they need is broken, and leave a stamp once it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from db import jobs as job_rows
from db.jobs import NewJob
from db.transaction import transaction
from domain.jobs import registry
from domain.jobs.bulk import RETRY
from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind, find
from domain.jobs.work import ClaimedJob, Context, Outcome, PermanentError
from tests import chain

NAME = "probe.fragile"
SENTENCE = "client 'Ada {n}' of order {n} is missing"
SHAPE = "client # of order # is missing"
broken: set[int] = set()


def handle(context: Context, jobs: Any) -> list[Outcome]:
    return [_done(context, job) for job in jobs]


def _done(context: Context, job: ClaimedJob) -> Outcome:
    n = job.payload["n"]
    return PermanentError(SENTENCE.format(n=n)) if n in broken else {"n": n}


KIND = Kind(NAME, handle, group=50, schema={"type": "object"}, permission="transfers:send")


@contextmanager
def registered() -> Iterator[None]:
    """Have the kind be known, and nothing broken in the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._kinds, NAME, KIND)
        yield
        broken.clear()


def failed(organization_id: int, count: int) -> list[int]:
    """Make so many jobs that have failed; what they need is whole again after that."""
    with transaction() as session:
        jobs = [NewJob(organization_id, {"n": n}) for n in range(1, count + 1)]
        ids = job_rows.enqueue(session, NAME, "default", 1, 3, jobs)
    broken.update(range(1, count + 1))
    chain.run_waiting(NAME)
    broken.clear()
    return ids


def turn(retry_id: int) -> tuple[str, int]:
    """Have the job that tries others again do its next turn; return its status and progress."""
    chain.time_passes()
    run_jobs(find(RETRY), [retry_id])
    return chain.rows("SELECT status, progress FROM jobs WHERE id = %s", retry_id)[0]


def states() -> dict[str, int]:
    return dict(chain.rows("SELECT status, count(*) FROM jobs WHERE kind = %s GROUP BY 1", NAME))

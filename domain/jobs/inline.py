"""Work without workers: due jobs are run by whoever asks, in the order and under the leases of the queue.

What relay and beat would have put right or cleaned up is done as well.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from db import jobs as job_rows
from db import outbox
from db.transaction import statement
from domain.jobs.dispatch.dispatcher import Dispatcher
from domain.jobs.dispatch.grouping import coalesce
from domain.jobs.execution import run_jobs
from domain.jobs.lanes import LANES
from domain.jobs.lifecycle import Status
from domain.jobs.registry import find, kinds
from domain.jobs.upkeep.cleanup import clean
from domain.jobs.upkeep.sweep import keep_up

# Seconds of work that are leased at a time; the rest stays in order.
LEASED_AT_ONCE_S = 1.0


class Tally(NamedTuple):
    processed: int
    succeeded: int
    failed: int


def work_off(seconds: float) -> Tally:
    """Run due jobs until none is left or `seconds` are over; return how many there were and how they ended.

    A job that failed and will be tried again counts as failed. One that ran out of time goes on at the next call.
    """
    deadline = time.monotonic() + seconds
    keep_up()
    clean(0.0)
    known = {kind.name for kind in kinds()}
    dispatcher = Dispatcher(known.__contains__)
    done: list[int] = []
    while time.monotonic() < deadline:
        entries = dispatcher.lease(dict.fromkeys(LANES, LEASED_AT_ONCE_S))
        if not entries:
            break
        for group in coalesce(entries, dispatcher.group_size):
            if (left := deadline - time.monotonic()) <= 0:
                _give_back(group.job_ids)
                continue
            run_jobs(find(group.kind), group.job_ids, left)
            done += group.job_ids
    return _tally(done)


def _give_back(job_ids: Sequence[int]) -> None:
    with statement() as session:
        outbox.give_back(session, job_ids)


def _tally(job_ids: Sequence[int]) -> Tally:
    with statement() as session:
        rows = job_rows.states(session, job_ids)
    succeeded = sum(row.status == Status.COMPLETED for row in rows)
    failed = sum(row.status == Status.FAILED or bool(row.error and row.status == Status.PENDING) for row in rows)
    return Tally(len(rows), succeeded, failed)

"""Work without workers: due jobs are run by whoever asks, in the order and under the leases of the queue."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from db import outbox, queue
from db.outbox import Entry
from db.queries import run
from db.transaction import statement
from domain.jobs.costs import Costs
from domain.jobs.execution import deliver
from domain.jobs.grouping import coalesce
from domain.jobs.lifecycle import Status
from domain.jobs.registry import LANES, UnknownKind, find
from domain.jobs.turns import Turns
from settings import settings

# So much work is taken at a time; the rest stays in order.
AT_ONCE = 1.0


class Tally(NamedTuple):
    processed: int
    succeeded: int
    failed: int


def work_off(seconds: float) -> Tally:
    """Run due jobs until none is left or `seconds` are over; return how many there were and how they ended.

    A job that failed and will be tried again counts as failed. One that ran out of time goes on at the next call.
    """
    deadline = time.monotonic() + seconds
    with statement() as session:
        queue.sweep(session)
    turns = {lane: Turns() for lane in LANES}
    done: list[int] = []
    while time.monotonic() < deadline:
        costs = _costs()
        entries = [entry for lane in LANES for entry in _leased(lane, turns[lane], costs)]
        if not entries:
            break
        for group in coalesce(entries, costs.group_size):
            if (left := deadline - time.monotonic()) <= 0:
                _give_back(group.job_ids)
                continue
            deliver(find(group.kind), group.job_ids, left)
            done += group.job_ids
    return _tally(done)


def _costs() -> Costs:
    with statement() as session:
        return Costs(queue.costs(session))


def _give_back(job_ids: Sequence[int]) -> None:
    with statement() as session:
        outbox.give_back(session, job_ids)


def _leased(lane: str, turns: Turns, costs: Costs) -> Sequence[Entry]:
    with statement() as session:
        waiting = [one for one in outbox.waiting(session, [lane]) if _is_known(one.kind)]
        following = turns.following(waiting, AT_ONCE, settings.max_out, costs)
        entries = outbox.lease(session, following, settings.redelivery_interval) if following else []
    if entries:
        turns.charge(entries, waiting, costs)
    return entries


def _is_known(kind_name: str) -> bool:
    try:
        find(kind_name)
    except UnknownKind:
        return False
    return True


def _tally(job_ids: Sequence[int]) -> Tally:
    with statement() as session:
        rows = run(session, "watch_jobs", ids=sorted(set(job_ids)))
    succeeded = sum(row.status == Status.COMPLETED for row in rows)
    failed = sum(row.status == Status.FAILED or bool(row.error and row.status == Status.PENDING) for row in rows)
    return Tally(len(rows), succeeded, failed)

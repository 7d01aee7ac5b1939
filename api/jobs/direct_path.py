"""The direct path: what was just accepted is run here at once, if there is room and for as long as a caller may wait.

The rows are there first and the workers' code runs them, under a lease as anywhere. So whatever goes wrong here, or
takes too long, the queue goes on with the same rows.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from db.transaction import statement
from domain.jobs.execution import run_jobs
from domain.jobs.monitoring import queues
from domain.jobs.registry import find
from settings import settings

log = logging.getLogger(__name__)

# Small work takes some hundredths of a second; who finds no place for longer meets a load that belongs in the queue.
PATIENCE = 0.2


class Room:
    """A place to run jobs in this process. `held` is how long the relay is to leave them alone, 0 without a place."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._pool = pool
        self._running: Future[None] | None = None
        self.held = float(settings.direct_budget) if pool else 0.0

    def run(self, kind_name: str, job_ids: Sequence[int]) -> None:
        """Return when the jobs have ended, or the budget is used up and they go on without the caller."""
        if self._pool:
            self._running = self._pool.submit(_deliver, kind_name, job_ids)
            wait([self._running], timeout=self.held)

    def leave(self, free: threading.Semaphore) -> None:
        """Give the place back, once nothing runs in it any more."""
        if self._running:
            self._running.add_done_callback(lambda _: free.release())
        elif self._pool:
            free.release()


class DirectPath:
    """So many places in one process; who finds none of them free takes the queue."""

    def __init__(self, places: int) -> None:
        self._free = threading.Semaphore(places)
        self._pool = ThreadPoolExecutor(places, thread_name_prefix="direct")

    @contextmanager
    def room(self, kind_name: str) -> Iterator[Room]:
        """Yield a place, or a room without one when all are taken or the kind is paused."""
        room = Room(self._pool if not _is_paused(kind_name) and self._free.acquire(timeout=PATIENCE) else None)
        try:
            yield room
        finally:
            room.leave(self._free)


def _is_paused(kind_name: str) -> bool:
    with statement() as session:
        return queues.is_paused(session, find(kind_name))


def _deliver(kind_name: str, job_ids: Sequence[int]) -> None:
    kind = find(kind_name)
    deadline = time.monotonic() + settings.direct_budget
    try:
        for start in range(0, len(job_ids), kind.group):
            if (left := deadline - time.monotonic()) <= 0:
                return
            run_jobs(kind, job_ids[start : start + kind.group], left)
    except Exception:
        log.exception("%s: the direct path failed, the queue takes over", kind_name)


direct_path = DirectPath(settings.direct_places)

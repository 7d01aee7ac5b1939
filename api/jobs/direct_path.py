"""The direct path: a job that was just accepted is run here at once, in a free slot and while its caller may wait.

The rows are there first and the workers' code runs them, under a lease as anywhere. So whatever goes wrong here, or
takes too long, the queue goes on with the same rows.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress

from flask import current_app

import settings
from db.transaction import statement
from domain.jobs.execution import run_jobs
from domain.jobs.monitoring import queues
from domain.jobs.registry import find

log = logging.getLogger(__name__)

# Small work takes some hundredths of a second; when no slot is free for longer, the load belongs in the queue.
SLOT_TIMEOUT_S = 0.2
EXTENSION = "counterfoil.direct_path"


class Slot:
    """A thread of this process in which jobs can run; the relay leaves them alone for `held` seconds meanwhile."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._pool = pool
        self._running: Future[None] | None = None
        self.held = float(settings.current().direct_budget) if pool else 0.0

    def run(self, kind_name: str, job_ids: Sequence[int]) -> None:
        """Return when the jobs have ended, or the budget is used up and they go on without the caller.

        Return at once if this process is ending: its pool takes nothing more, and the queue goes on with the jobs.
        """
        if self._pool:
            with suppress(RuntimeError):
                self._running = self._pool.submit(_run, kind_name, job_ids)
                wait([self._running], timeout=self.held)

    def leave(self, free: threading.Semaphore) -> None:
        """Give the slot back, once nothing runs in it any more."""
        if self._running:
            self._running.add_done_callback(lambda _: free.release())
        elif self._pool:
            free.release()


class DirectPath:
    """The slots of one process; a job for which none is free takes the queue."""

    def __init__(self, slots: int) -> None:
        self._free = threading.Semaphore(slots)
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="direct")

    @contextmanager
    def slot(self, kind_name: str) -> Iterator[Slot]:
        """Yield a free slot; one in which nothing runs, if all are taken or the kind is paused."""
        usable = not _is_paused(kind_name) and self._free.acquire(timeout=SLOT_TIMEOUT_S)
        slot = Slot(self._pool if usable else None)
        try:
            yield slot
        finally:
            slot.leave(self._free)


def _is_paused(kind_name: str) -> bool:
    with statement() as session:
        return queues.is_paused(session, find(kind_name))


def _run(kind_name: str, job_ids: Sequence[int]) -> None:
    kind = find(kind_name)
    deadline = time.monotonic() + settings.current().direct_budget
    try:
        for start in range(0, len(job_ids), kind.group):
            if (left := deadline - time.monotonic()) <= 0:
                return
            run_jobs(kind, job_ids[start : start + kind.group], left)
    except Exception:
        log.exception("%s: the direct path failed, the queue takes over", kind_name)


NO_SLOT = Slot(None)


def direct_path() -> DirectPath:
    """Return the slots of the application that answers this request."""
    return current_app.extensions[EXTENSION]

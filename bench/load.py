"""A load that goes on for as long as it is asked to, and what of it was done when."""

import threading
import time

from bench.backlog import Workload
from bench.machine import Machine
from bench.workloads import await_end
from db.transaction import is_transient

BACKLOG, PAUSE = 10_000, 0.1
# A new load is fastest in its first minute: autovacuum and checkpoints have not begun.
WARM_UP = 80
# As fast as before is who does so much of it for so many seconds: what was in hand is done in one, and deliveries are
# lumps of it.
SAME, SPAN = 0.95, 10
TICKS = 10
# To count what waits would be a load of its own, and one that grows while a transaction is held open.
DRAWN = "SELECT last_value FROM invoices_id_seq"
DONE = """
SELECT json_object_agg(tick, jobs) FROM (
    SELECT floor((extract(epoch FROM completed_at) - :start) * :ticks) AS tick, count(*) AS jobs FROM completed_jobs
    WHERE kind = 'invoice.generate' AND completed_at >= to_timestamp(:start) AND completed_at < to_timestamp(:end)
    GROUP BY tick) AS done
"""
ACCEPTED = "SELECT count(*) FROM jobs WHERE kind = 'invoice.generate' AND organization_id = :id"
LOST = "SELECT count(*) FROM unnest(CAST(:ids AS bigint[])) AS a (id) WHERE NOT EXISTS (\
    SELECT FROM completed_jobs AS c WHERE c.id = a.id)"


class Load:
    """Within its `with`, about BACKLOG invoices wait at any time; while the database is away, none is accepted."""

    def __init__(self, machine: Machine, work: Workload) -> None:
        self._machine, self._work = machine, work
        self._accepted: list[int] = []
        self._error: BaseException | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        drawn = None
        while not self._stopping.wait(PAUSE):
            try:
                now = self._machine.scalar(DRAWN)
                drawn = now if drawn is None else drawn
                missing = BACKLOG - len(self._accepted) + now - drawn
                if missing > 0:
                    self._accepted += self._work.submit(missing)
            except Exception as error:
                if not is_transient(error):
                    self._error = error
                    return

    def __enter__(self) -> "Load":
        self._thread.start()
        time.sleep(WARM_UP)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        if self._error:
            raise self._error

    def verify(self) -> None:
        """Wait until all is done; raise unless each accepted request has its one invoice and no series has a gap."""
        await_end(self._machine)
        lost = self._machine.scalar(LOST, ids=self._accepted)
        if lost:
            raise AssertionError(f"the run does not count: {lost} of {len(self._accepted)} accepted jobs are lost")
        # A commit whose answer was lost counts as well.
        self._work.verify(self._machine.scalar(ACCEPTED, id=self._work.organization_id))


def completed(machine: Machine, start: float, end: float) -> list[int]:
    """Return how many invoices were completed in each tenth of a second between two times of the wall clock."""
    found = machine.scalar(DONE, start=start, end=end, ticks=TICKS) or {}
    return [found.get(str(tick), 0) for tick in range(round((end - start) * TICKS))]


def rate(machine: Machine, seconds: float) -> float:
    """Return the invoices a second that are completed in the next `seconds`."""
    start = time.time()
    time.sleep(seconds)
    return sum(completed(machine, start, start + seconds)) / seconds


def seconds_until_back(ticks: list[int], before: float) -> float:
    """Return when a second and the SPAN seconds that it begins have 95 % of the rate `before`; all the time if none do.

    The one second keeps fast ones that follow an outage from hiding it.
    """
    rates = zip(_rates(ticks, 1), _rates(ticks, SPAN), strict=False)  # fewer of the longer fit in
    return next((n for n, both in enumerate(rates) if min(both) >= SAME * before), len(ticks)) / TICKS


def slowest_later(ticks: list[int], before: float) -> float:
    """Return the slowest SPAN seconds since the rate was back, as a share of the rate `before`; 0 if it never was."""
    return min(_rates(ticks, SPAN)[round(seconds_until_back(ticks, before) * TICKS) :], default=0.0) / before


def _rates(ticks: list[int], seconds: int) -> list[float]:
    """Return the jobs a second of the `seconds` that begin with each tick."""
    return [sum(ticks[n : n + seconds * TICKS]) / seconds for n in range(len(ticks) - seconds * TICKS + 1)]

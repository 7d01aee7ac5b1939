"""What a process puts right from time to time: jobs whose worker has died, and entries that do not fit their jobs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from db import outbox, queue
from domain.jobs.spacing import Spaced
from settings import settings

MOST = 1000


class Upkeep:
    """Spaces what is dear: between two sweeps from the beginning, those see what has expired since the last one."""

    def __init__(self) -> None:
        self._sweeps, self._mends = Spaced(), Spaced()
        self._swept_at = -queue.EVER

    def sweep(self, session: Session) -> None:
        """Sweep the jobs whose lease has run out."""
        now = time.monotonic()
        if self._sweeps.due:
            with _timed(self._sweeps):
                swept = queue.sweep(session, MOST)
        else:
            swept = queue.sweep(session, MOST, since=now - self._swept_at + 2 * settings.sweep_interval)
        if swept < MOST:
            self._swept_at = now

    def mend(self, session: Session) -> None:
        """Mend the outbox."""
        if self._mends.due:
            with _timed(self._mends):
                outbox.mend(session)


@contextmanager
def _timed(spaced: Spaced) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        spaced.took(time.monotonic() - started)

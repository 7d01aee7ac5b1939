"""Which streams have due entries, and from where on the next poll reads each."""

import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from db import outbox
from db.outbox import Cursor, Stream, Waiting
from domain.jobs.dispatch.pacing import PacedScan

# A poll takes so long for each stream that it finds, whatever it passes over on its way.
SECONDS_PER_STREAM = 0.0001
# An entry may be committed so much later than it was due, and the next poll sees it all the same.
COMMIT_DELAY = timedelta(seconds=1)
# Another relay may take so long to lease entries; if it takes longer, the next full scan counts them.
LEASE_DELAY = timedelta(seconds=0.1)


class Backlog:
    """Knows the first entry of each stream in one process, so that a poll need not read what was deleted before it.

    While full scans are cheap, each poll is one and the cursors stay unused. Threads may share a backlog: what it knows
    is replaced, never changed.
    """

    def __init__(self) -> None:
        self._cursors: dict[Stream, Cursor] = {}
        self._published_since = outbox.BEGINNING
        self._full_scan = PacedScan()

    def waiting(self, session: Session, lanes: Sequence[str]) -> list[Waiting]:
        """Return the streams in `lanes` that have due entries.

        An entry that was committed long after it was due may be left to the next full scan.
        """
        full, started, waiting = self._full_scan.due, time.monotonic(), []
        try:
            known = () if full else ([*self._cursors.values()], self._published_since)
            waiting = outbox.waiting(session, lanes, *known)
        finally:
            if full:
                self._full_scan.took(time.monotonic() - started - SECONDS_PER_STREAM * len(waiting))
        if waiting:
            self._published_since = waiting[0].published_since - LEASE_DELAY
        if self._full_scan.due:
            self._cursors = {}
        else:
            self._cursors = self._cursors | {
                one.stream: Cursor(one.stream, one.due_at - COMMIT_DELAY) for one in waiting
            }
        return waiting

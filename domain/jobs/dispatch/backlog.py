"""Where to begin to look for what is due."""

import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from db import outbox
from db.outbox import Edge, Waiting
from domain.jobs.dispatch.pacing import Spaced

# What a look costs for each place that it finds, in seconds, beside what it passes over.
OF_A_PLACE = 0.0001
# An entry may be committed so much later than it was due, and is seen all the same.
BEHIND = timedelta(seconds=1)
# So long another relay may take to lease entries; what took longer is counted by the next look from the beginning.
LEASING = timedelta(seconds=0.1)


class Heads:
    """What one process knows of each place's first entry; not used while looks from the beginning are cheap.

    Threads may share it: what they know is replaced, never changed.
    """

    def __init__(self) -> None:
        self._edges: dict[tuple[str, int, int, str], Edge] = {}
        self._out_since = outbox.BEGINNING
        self._whole = Spaced()

    def waiting(self, session: Session, lanes: Sequence[str]) -> list[Waiting]:
        """Return who has due entries in `lanes`.

        What was committed long after it was due may be left to the next look from the beginning.
        """
        whole, started, waiting = self._whole.due, time.monotonic(), []
        try:
            known = () if whole else ([*self._edges.values()], self._out_since)
            waiting = outbox.waiting(session, lanes, *known)
        finally:
            if whole:
                self._whole.took(time.monotonic() - started - OF_A_PLACE * len(waiting))
        if waiting:
            self._out_since = waiting[0].out_since - LEASING if waiting[0].out_since else outbox.BEGINNING
        if self._whole.due:
            self._edges = {}
        else:
            self._edges = self._edges | {one[:4]: Edge(*one[:4], one.due_at - BEHIND) for one in waiting}
        return waiting

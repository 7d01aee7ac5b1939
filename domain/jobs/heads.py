"""Where to begin to look for what is due.

PostgreSQL keeps a deleted entry for as long as any snapshot may still see it, and who looks from the beginning passes
over all of them: while somebody holds a transaction open, each look would take longer than the one before.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from db import outbox
from db.outbox import Edge, Waiting

# A look that takes longer, in seconds, and longer for each place, has passed over what nobody can take.
DEAR, DEAR_PLACE = 0.02, 0.0001
# Looks from the beginning may take one part of so many of the time.
SHARE = 20
# An entry may be committed so much later than it was due, and is seen all the same.
BEHIND = timedelta(seconds=1)


class Heads:
    """What one process knows of each place's first entry; nothing, while looks from the beginning are cheap."""

    def __init__(self) -> None:
        self._edges: dict[tuple[str, int, int, str], Edge] = {}
        self._whole_at = 0.0

    def waiting(self, session: Session, lanes: Sequence[str]) -> list[Waiting]:
        """Return who has due entries in `lanes`.

        What was committed long after it was due may be left to the next look from the beginning.
        """
        started = time.monotonic()
        whole = started >= self._whole_at
        if whole:
            self._edges = {}
        waiting = outbox.waiting(session, lanes, list(self._edges.values()))
        took = time.monotonic() - started
        if whole and took > max(DEAR, DEAR_PLACE * len(waiting)):
            self._whole_at = started + SHARE * took
        if self._whole_at > started:
            self._edges |= {one[:4]: Edge(*one[:4], one.due_at - BEHIND) for one in waiting}
        return waiting

"""Where very many organizations wait in a lane, those that go next are looked up once a second: a look takes long."""

import time
from collections import Counter
from collections.abc import Collection, Sequence

from db.outbox import Entry, Stream, Waiting
from domain.jobs.dispatch.turns import Turns

# So many organizations of a rank, and for so long; what comes meanwhile waits for the next look.
CROWD = 1000
KEPT_S = 1.0


class Crowd:
    """Those that go next in one lane, of more than that; nobody unless it is crowded."""

    def __init__(self) -> None:
        self._next: list[Waiting] = []
        self._until = 0.0

    @property
    def next(self) -> list[Waiting]:
        """Return what is still known of those that go next."""
        return self._next if time.monotonic() < self._until else []

    def found(self, waiting: Sequence[Waiting], turns: Turns) -> list[Waiting]:
        """Take note of all that waits in the lane; return those that go next."""
        nearest = turns.nearest(waiting, CROWD)
        self._next = nearest if len(nearest) < len(waiting) else []
        self._until = time.monotonic() + KEPT_S
        return nearest

    def took(self, entries: Sequence[Entry], emptied: Collection[Stream]) -> None:
        """Leave out the streams that were emptied, and count what was taken as in flight."""
        taken = Counter(entry.stream.organization_id for entry in entries)
        self._next = [
            one._replace(
                in_flight=one.in_flight + taken.total(),
                free=one.free if one.free is None else max(0, one.free - taken[one.stream.organization_id]),
            )
            for one in self._next
            if one.stream not in emptied
        ]

    def forget(self) -> None:
        """Have everybody looked up again."""
        self._next = []

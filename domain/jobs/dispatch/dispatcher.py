"""What goes next: leased from the outbox in the order of turns, for whoever brings it to a worker, or is one."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import settings
from db import outbox
from db.outbox import Entry, Turn, Waiting
from db.transaction import statement
from domain.jobs.dispatch.backlog import Heads
from domain.jobs.dispatch.costs import DELIVERY_SECONDS, SHORT_DELIVERY_SECONDS, Costs, measured
from domain.jobs.dispatch.turns import Turns
from domain.jobs.registry import LANES

COSTS_KEEP = 0.25
# Who came lately is expected again: so long deliveries stay short.
EXPECTED = 2.0


def any_kind(_: str) -> bool:
    """Take work of every kind, known here or not."""
    return True


class Dispatch:
    """Keeps the account of turns for one process. `takes` says of which kinds it hands out work.

    `more` names the lanes in which something was left when they were last asked for.
    """

    def __init__(self, takes: Callable[[str], bool] = any_kind) -> None:
        self._takes = takes
        self._heads = Heads()
        self._turns = {lane: Turns() for lane in LANES}
        self.costs, self._costs_until = Costs({}), 0.0
        self._short_until = 0.0
        self.more: set[str] = set()

    @property
    def delivery_seconds(self) -> float:
        """Return how long a delivery should take: not long while some have little to do beside others with much."""
        return SHORT_DELIVERY_SECONDS if time.monotonic() < self._short_until else DELIVERY_SECONDS

    def group_size(self, kind: str) -> int:
        """Return how many jobs of the kind one delivery should carry."""
        return self.costs.group_size(kind, self.delivery_seconds)

    def lease(self, rooms: Mapping[str, float]) -> list[Entry]:
        """Return the entries that have their turn, for about so many seconds of work in each lane of `rooms`."""
        with statement() as session:
            waiting = [one for one in self._heads.waiting(session, list(rooms)) if self._takes(one.kind)]
        self.more -= rooms.keys()
        if not waiting:
            return []
        self._measure()
        of_lane: dict[str, list[Waiting]] = defaultdict(list)
        for one in waiting:
            of_lane[one.lane].append(one)
        turns = [turn for lane, there in of_lane.items() for turn in self._following(lane, there, rooms[lane])]
        entries = self._taken(turns) if turns else []
        self._look_ahead(turns, entries, waiting)
        for lane, there in of_lane.items():
            if taken := [entry for entry in entries if entry.lane == lane]:
                self._turns[lane].charge(taken, there, self.costs)
        return entries

    def _following(self, lane: str, waiting: Sequence[Waiting], seconds: float) -> list[Turn]:
        return self._turns[lane].following(waiting, seconds, settings.current().max_out - waiting[0].out, self.costs)

    def _taken(self, turns: Sequence[Turn]) -> list[Entry]:
        with statement() as session:
            return outbox.lease(session, turns, settings.current().redelivery_interval)

    def _look_ahead(self, turns: Sequence[Turn], entries: Sequence[Entry], waiting: Sequence[Waiting]) -> None:
        """Take note whether more waits, and whether somebody had all his work taken at once beside others."""
        taken = Counter((entry.lane, entry.priority, entry.organization_id, entry.kind) for entry in entries)
        emptied = {turn[:4] for turn in turns if taken[turn[:4]] < turn.most}
        self.more |= {one.lane for one in waiting if one.free != 0 and one[:4] not in emptied}
        if emptied and len({(one.priority, one.organization_id) for one in waiting}) > 1:
            self._short_until = time.monotonic() + EXPECTED

    def _measure(self) -> None:
        if time.monotonic() >= self._costs_until:
            with statement() as session:
                self.costs = measured(session)
            self._costs_until = time.monotonic() + COSTS_KEEP

"""Leases what goes next from the outbox, in the order of turns, for a process that publishes it or runs it itself."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import settings
from db import outbox
from db.outbox import Entry, Turn, Waiting
from db.transaction import statement
from domain.jobs.dispatch.backlog import Backlog
from domain.jobs.dispatch.costs import RUN_SECONDS, SHORT_RUN_SECONDS, Costs, measured
from domain.jobs.dispatch.crowd import Crowd
from domain.jobs.dispatch.turns import Turns
from domain.jobs.lanes import LANES
from domain.jobs.registry import registered

COSTS_KEEP_S = 0.25
# For 2 s after a small backlog was emptied, runs stay short: its owner will probably submit again.
SHORT_RUNS_FOR_S = 2.0


def any_kind(_: str) -> bool:
    """Take work of every kind, known here or not."""
    return True


class Dispatcher:
    """Keeps the account of turns for one process. `takes` says of which kinds it hands out work.

    `more` names the lanes in which something was left when they were last asked for.
    """

    def __init__(self, takes: Callable[[str], bool] = any_kind) -> None:
        self._takes = takes
        self._backlog = Backlog()
        self._turns = {lane: Turns() for lane in LANES}
        self._crowds = {lane: Crowd() for lane in LANES}
        self.costs, self._costs_until = Costs({}), 0.0
        self._short_until = 0.0
        self.more: set[str] = set()

    @property
    def run_seconds(self) -> float:
        """Return how long a run should take: not long while some have little to do beside others with much."""
        return SHORT_RUN_SECONDS if time.monotonic() < self._short_until else RUN_SECONDS

    def group_size(self, kind: str) -> int:
        """Return how many jobs of the kind one run should carry."""
        return self.costs.group_size(kind, self.run_seconds)

    def lease(self, capacities: Mapping[str, float]) -> list[Entry]:
        """Return the entries that have their turn, for about so many seconds of work in each lane of `capacities`."""
        crowded = [lane for lane in capacities if self._crowds[lane].next]
        entries = self._take(capacities)
        if crowded and not entries:
            for lane in crowded:
                self._crowds[lane].forget()
            entries = self._take(capacities)
        return entries

    def _take(self, capacities: Mapping[str, float]) -> list[Entry]:
        waiting = self._waiting(capacities)
        self.more -= capacities.keys()
        if not any(waiting.values()):
            return []
        self._measure()
        turns = [turn for lane, there in waiting.items() for turn in self._following(lane, there, capacities[lane])]
        entries = self._taken(turns) if turns else []
        self._look_ahead(turns, entries, [one for there in waiting.values() for one in there])
        for lane, there in waiting.items():
            if taken := [entry for entry in entries if entry.stream.lane == lane]:
                self._turns[lane].charge(taken, there, self.costs)
        return entries

    def _waiting(self, lanes: Collection[str]) -> dict[str, list[Waiting]]:
        """Return who waits in each of the lanes, or of a crowd those that go next."""
        waiting = {lane: self._crowds[lane].next for lane in lanes}
        if unknown := [lane for lane, known in waiting.items() if not known]:
            with statement() as session:
                found = [one for one in self._backlog.waiting(session, unknown) if self._takes(one.stream.kind)]
            of_lane: dict[str, list[Waiting]] = {lane: [] for lane in unknown}
            for one in found:
                of_lane[one.stream.lane].append(one)
            waiting |= {lane: self._crowds[lane].found(there, self._turns[lane]) for lane, there in of_lane.items()}
        return waiting

    def _following(self, lane: str, waiting: Sequence[Waiting], seconds: float) -> list[Turn]:
        if not waiting:
            return []
        jobs = settings.current().max_in_flight - waiting[0].in_flight
        return self._turns[lane].following(waiting, seconds, jobs, self.costs)

    def _taken(self, turns: Sequence[Turn]) -> list[Entry]:
        redelivery = settings.current().redelivery_interval
        by_key = [turn for turn in turns if self._is_by_key(turn)]
        others = [turn for turn in turns if not self._is_by_key(turn)]
        entries: list[Entry] = []
        if others:
            with statement() as session:
                entries += outbox.lease(session, others, redelivery)
        if by_key:
            sizes = [self.group_size(turn.stream.kind) for turn in by_key]
            with statement() as session:
                entries += outbox.lease_by_key(session, by_key, sizes, redelivery)
        return entries

    @staticmethod
    def _is_by_key(turn: Turn) -> bool:
        kind = registered(turn.stream.kind)
        return kind is not None and kind.by_key

    def _look_ahead(self, turns: Sequence[Turn], entries: Sequence[Entry], waiting: Sequence[Waiting]) -> None:
        """Take note whether more waits, and whether one stream was emptied while other organizations wait."""
        taken = Counter(entry.stream for entry in entries)
        emptied = {turn.stream for turn in turns if taken[turn.stream] < turn.most}
        crowded = {lane for lane, crowd in self._crowds.items() if crowd.next}
        self.more |= crowded | {one.stream.lane for one in waiting if one.free != 0 and one.stream not in emptied}
        for lane in crowded:
            self._crowds[lane].took([entry for entry in entries if entry.stream.lane == lane], emptied)
        if emptied and len({one.stream.organization_id for one in waiting}) > 1:
            self._short_until = time.monotonic() + SHORT_RUNS_FOR_S

    def _measure(self) -> None:
        if time.monotonic() >= self._costs_until:
            with statement() as session:
                self.costs = measured(session)
            self._costs_until = time.monotonic() + COSTS_KEEP_S

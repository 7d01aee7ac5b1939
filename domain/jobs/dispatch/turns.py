"""Whose turn it is in a lane.

A higher priority goes first. Within a priority the organizations take turns by the work they were given: each has a
virtual time, the seconds of work handed out for it divided by its weight, and the least goes first (start-time fair
queueing; Goyal, Vin and Cheng, SIGCOMM 1996). Who was away begins where the others are: waiting saves up nothing.

The bound: of the work handed out while lower priorities wait, at least LOWER_SHARE is theirs, give or take the
least that is worth a delivery. Several lower priorities share that evenly.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from db.outbox import Entry, Turn, Waiting
from domain.jobs.dispatch.costs import Costs

LOWER_SHARE = 0.1


class Clock:
    """The virtual times of one priority: seconds of work that each organization was given, by its weight."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}
        self._now = 0.0

    def time(self, organization_id: int) -> float:
        """Return the organization's time; who was away is no further behind than the one that was served last."""
        return max(self.times.get(organization_id, 0.0), self._now)

    def add(self, organization_id: int, seconds: float) -> None:
        """Move the organization on."""
        self.times[organization_id] = self.time(organization_id) + seconds

    def advance(self, now: float) -> None:
        """Forget whom it makes no difference to forget."""
        self._now = now
        self.times = {organization: time for organization, time in self.times.items() if time > now}


class Turns:
    """The turns in one lane, as far as this process has handed out work; another one that starts knows nothing yet."""

    def __init__(self) -> None:
        self._clocks: dict[int, Clock] = defaultdict(Clock)
        self._owed_below = 0.0
        self._given_below: dict[int, float] = {}

    def following(self, waiting: Sequence[Waiting], seconds: float, most: int, costs: Costs) -> list[Turn]:
        """Return turns of one priority for about `seconds` of work and up to `most` jobs.

        One job at the least, and where jobs travel together as much as is worth a delivery.
        """
        able = [one for one in waiting if one.free != 0]
        if not able or most <= 0:
            return []
        priority = self._priority({one.priority for one in able})
        if priority != max(one.priority for one in able):
            seconds = min(seconds, self._owed_below)
        return self._shared([one for one in able if one.priority == priority], seconds, most, costs)

    def charge(self, entries: Iterable[Entry], waiting: Sequence[Waiting], costs: Costs) -> None:
        """Count the work of `entries`, which were taken while `waiting` was there."""
        able = [one for one in waiting if one.free != 0]
        weights = {one.organization_id: one.weight for one in able}
        top, lowest = max(one.priority for one in able), min(one.priority for one in able)
        for entry in entries:
            cost = costs.job(entry.kind, entry.group_limit)
            self._clocks[entry.priority].add(entry.organization_id, cost / weights[entry.organization_id])
            if entry.priority < top:
                self._owed_below -= cost
                self._given_below[entry.priority] = self._given_below.get(entry.priority, 0.0) + cost
            elif lowest < top:
                self._owed_below += cost * LOWER_SHARE / (1 - LOWER_SHARE)

    def _priority(self, present: set[int]) -> int:
        top = max(present)
        below = present - {top}
        if not below:
            self._owed_below, self._given_below = 0.0, {}
        if not below or self._owed_below <= 0:
            return top
        return min(below, key=lambda priority: (self._given_below.get(priority, 0.0), -priority))

    def _shared(self, waiting: Sequence[Waiting], seconds: float, most: int, costs: Costs) -> list[Turn]:
        clock = self._clocks[waiting[0].priority]
        heads: dict[int, Waiting] = {}
        for one in sorted(waiting, key=lambda w: w.due_at):
            heads.setdefault(one.organization_id, one)
        order = sorted(heads.values(), key=lambda w: (clock.time(w.organization_id), w.due_at))
        clock.advance(clock.time(order[0].organization_id))
        if (least := costs.least(order[0].kind)) > 1:
            seconds = max(seconds, least * costs.job(order[0].kind))
        level = _level(clock, order, seconds)
        turns: list[Turn] = []
        for one in order:
            behind = (level - clock.time(one.organization_id)) * one.weight
            if most <= 0 or seconds <= 0 or (turns and behind <= 0):
                break
            jobs = min(max(1, int(behind / costs.job(one.kind))), most, most if one.free is None else one.free)
            turns.append(Turn(*one[:5], jobs))
            most -= jobs
            seconds -= jobs * costs.job(one.kind)
        return turns


def _level(clock: Clock, order: Sequence[Waiting], seconds: float) -> float:
    """Return the virtual time that all who are behind it come to when they are given `seconds` of work."""
    level, weight = clock.time(order[0].organization_id), 0
    for one in order:
        rise = clock.time(one.organization_id) - level
        if rise * weight >= seconds:
            break
        seconds -= rise * weight
        level += rise
        weight += one.weight
    return level + seconds / weight

"""Whose turn it is in a lane.

A higher priority goes first. Within a priority the organizations take turns by the work they were given: each has a
virtual time, the seconds of work handed out for it divided by its weight, and the least goes first (start-time fair
queueing; Goyal, Vin and Cheng, SIGCOMM 1996). An organization that was away begins where the others are: it saves up
nothing by waiting.

The bound: of the work handed out while lower priorities wait, at least LOWER_SHARE is theirs, give or take the
least that is worth a run. Several lower priorities share that evenly.
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
        """Return the organization's time, which is never behind that of the organization that was served last."""
        return max(self.times.get(organization_id, 0.0), self._now)

    def add(self, organization_id: int, seconds: float) -> None:
        """Move the organization on."""
        self.times[organization_id] = self.time(organization_id) + seconds

    def advance(self, now: float) -> None:
        """Move on to `now`, and forget the organizations whose time is not ahead of it."""
        self._now = now
        self.times = {organization: time for organization, time in self.times.items() if time > now}


class Turns:
    """The turns in one lane, as far as this process has handed out work; a process that starts knows nothing yet."""

    def __init__(self) -> None:
        self._clocks: dict[int, Clock] = defaultdict(Clock)
        self._owed_below = 0.0
        self._given_below: dict[int, float] = {}

    def following(self, waiting: Sequence[Waiting], seconds: float, most: int, costs: Costs) -> list[Turn]:
        """Return turns of one priority for about `seconds` of work and up to `most` jobs.

        They allow one job at the least, and where jobs travel together as many as are worth a run.
        """
        able = [one for one in waiting if one.free != 0]
        if not able or most <= 0:
            return []
        priority = self._priority({one.stream.priority for one in able})
        if priority != max(one.stream.priority for one in able):
            seconds = min(seconds, self._owed_below)
        return self._shared([one for one in able if one.stream.priority == priority], seconds, most, costs)

    def charge(self, entries: Iterable[Entry], waiting: Sequence[Waiting], costs: Costs) -> None:
        """Count the work of `entries`, which were taken while `waiting` was there."""
        able = [one for one in waiting if one.free != 0]
        weights = {one.stream.organization_id: one.weight for one in able}
        top, lowest = max(one.stream.priority for one in able), min(one.stream.priority for one in able)
        for entry in entries:
            stream, cost = entry.stream, costs.job(entry.stream.kind, entry.group_limit)
            self._clocks[stream.priority].add(stream.organization_id, cost / weights[stream.organization_id])
            if stream.priority < top:
                self._owed_below -= cost
                self._given_below[stream.priority] = self._given_below.get(stream.priority, 0.0) + cost
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
        clock = self._clocks[waiting[0].stream.priority]
        order = _order(clock, waiting)
        clock.advance(clock.time(order[0].stream.organization_id))
        if (least := costs.least(order[0].stream.kind)) > 1:
            seconds = max(seconds, least * costs.job(order[0].stream.kind))
        level = _level(clock, order, seconds)
        turns: list[Turn] = []
        for one in order:
            behind = (level - clock.time(one.stream.organization_id)) * one.weight
            if most <= 0 or seconds <= 0 or (turns and behind <= 0):
                break
            job = costs.job(one.stream.kind)
            jobs = min(max(1, int(behind / job)), most, most if one.free is None else one.free)
            turns.append(Turn(one.stream, one.due_at, jobs))
            most -= jobs
            seconds -= jobs * job
        return turns


def _order(clock: Clock, waiting: Sequence[Waiting]) -> list[Waiting]:
    """Return each organization's oldest stream; the organization that was given least comes first."""
    oldest: dict[int, Waiting] = {}
    for one in sorted(waiting, key=lambda w: w.due_at):
        oldest.setdefault(one.stream.organization_id, one)
    return sorted(oldest.values(), key=lambda w: (clock.time(w.stream.organization_id), w.due_at))


def _level(clock: Clock, order: Sequence[Waiting], seconds: float) -> float:
    """Return the virtual time to which all that are behind it come by `seconds` of work."""
    level, weight = clock.time(order[0].stream.organization_id), 0
    for one in order:
        rise = clock.time(one.stream.organization_id) - level
        if rise * weight >= seconds:
            break
        seconds -= rise * weight
        level += rise
        weight += one.weight
    return level + seconds / weight

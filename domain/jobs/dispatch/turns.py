"""Whose turn it is in a lane.

A higher rank goes first; only operators give one. Within a rank the organizations take turns by the work they were
given: each has a virtual time, the seconds of work handed out for it divided by its weight, and the least goes first
(start-time fair queueing; Goyal, Vin and Cheng, SIGCOMM 1996). An organization that was away begins where the others
are: it saves up nothing by waiting. In its turn an organization's own higher priority goes first, then its oldest jobs.

The bound, for ranks and for the priorities of each organization alike: of the work handed out while lower ones wait, at
least LOWER_SHARE is theirs, give or take the least that is worth a run. Several lower ones share that evenly.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from math import inf

from db.outbox import Entry, Turn, Waiting
from domain.jobs.dispatch.costs import Costs
from domain.jobs.priorities import rank

LOWER_SHARE = 0.1


class Clock:
    """The virtual times of one rank: seconds of work that each organization was given, by its weight."""

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


class Levels:
    """Which of several levels is next: the highest, until those below are owed their share of the work."""

    def __init__(self) -> None:
        self.owed_below = 0.0
        self._given_below: dict[int, float] = {}

    def following(self, present: Collection[int]) -> int:
        """Return the one of the levels `present` that goes next."""
        top = max(present)
        below = [level for level in present if level != top]
        if not below:
            self.owed_below, self._given_below = 0.0, {}
        if not below or self.owed_below <= 0:
            return top
        return min(below, key=lambda level: (self._given_below.get(level, 0.0), -level))

    def charge(self, level: int, present: Collection[int], seconds: float) -> None:
        """Count work of `level` that was handed out while all of `present` was there."""
        top = max(present)
        if level < top:
            self.owed_below -= seconds
            self._given_below[level] = self._given_below.get(level, 0.0) + seconds
        elif min(present) < top:
            self.owed_below += seconds * LOWER_SHARE / (1 - LOWER_SHARE)


class Turns:
    """The turns in one lane, as far as this process has handed out work; a process that starts knows nothing yet."""

    def __init__(self) -> None:
        self._clocks: dict[int, Clock] = defaultdict(Clock)
        self._ranks = Levels()
        # By rank and organization, of those that have jobs of several priorities there.
        self._own: dict[tuple[int, int], Levels] = {}

    def following(self, waiting: Sequence[Waiting], seconds: float, most: int, costs: Costs) -> list[Turn]:
        """Return turns of one rank for about `seconds` of work and up to `most` jobs.

        They allow one job at the least, and where jobs travel together as many as are worth a run.
        """
        able = [one for one in waiting if one.free != 0]
        if not able or most <= 0:
            return []
        present = {rank(one.stream.priority) for one in able}
        chosen = self._ranks.following(present)
        if chosen != max(present):
            seconds = min(seconds, self._ranks.owed_below)
        heads = self._heads(chosen, [one for one in able if rank(one.stream.priority) == chosen])
        return self._shared(chosen, heads, seconds, most, costs)

    def nearest(self, waiting: Sequence[Waiting], most: int) -> list[Waiting]:
        """Return `waiting`, or of more than `most` organizations of a rank those whose turn comes first."""
        if len(waiting) <= most:
            return list(waiting)
        able = [one for one in waiting if one.free != 0]
        behind = sorted(able, key=lambda one: (self._time(one), one.due_at))
        places: dict[int, dict[int, None]] = defaultdict(dict)
        for one in behind:
            places[rank(one.stream.priority)][one.stream.organization_id] = None
        nearest = {of_rank: set(islice(there, most)) for of_rank, there in places.items()}
        return [one for one in able if one.stream.organization_id in nearest[rank(one.stream.priority)]]

    def _time(self, one: Waiting) -> float:
        return self._clocks[rank(one.stream.priority)].time(one.stream.organization_id)

    def charge(self, entries: Iterable[Entry], waiting: Sequence[Waiting], costs: Costs) -> None:
        """Count the work of `entries`, which were taken while `waiting` was there."""
        able = [one for one in waiting if one.free != 0]
        weights = {one.stream.organization_id: one.weight for one in able}
        own = _priorities(able)
        ranks = {of_rank for of_rank, _ in own}
        for (stream, group_limit), jobs in Counter((entry.stream, entry.group_limit) for entry in entries).items():
            seconds = jobs * costs.job(stream.kind, group_limit)
            place = rank(stream.priority), stream.organization_id
            self._clocks[place[0]].add(stream.organization_id, seconds / weights[stream.organization_id])
            self._ranks.charge(place[0], ranks, seconds)
            if len(own[place]) > 1:
                self._own.setdefault(place, Levels()).charge(stream.priority, own[place], seconds)

    def _heads(self, chosen: int, waiting: Sequence[Waiting]) -> dict[Waiting, float]:
        """Return the stream that is next of each organization, and how many seconds of its work may be handed out."""
        own = {place: priorities for place, priorities in _priorities(waiting).items() if len(priorities) > 1}
        # An organization whose jobs are of one priority again is owed nothing.
        self._own = {place: levels for place, levels in self._own.items() if place[0] != chosen or place in own}
        following = {
            organization_id: self._own.setdefault((of_rank, organization_id), Levels()).following(priorities)
            for (of_rank, organization_id), priorities in own.items()
        }
        oldest: dict[int, Waiting] = {}
        for one in sorted(waiting, key=lambda w: w.due_at):
            if one.stream.priority == following.get(one.stream.organization_id, one.stream.priority):
                oldest.setdefault(one.stream.organization_id, one)
        return {one: self._allowed(chosen, one, own) for one in oldest.values()}

    def _allowed(self, chosen: int, one: Waiting, own: dict[tuple[int, int], set[int]]) -> float:
        place = chosen, one.stream.organization_id
        is_lower = place in own and one.stream.priority < max(own[place])
        return self._own[place].owed_below if is_lower else inf

    def _shared(self, chosen: int, heads: dict[Waiting, float], seconds: float, most: int, costs: Costs) -> list[Turn]:
        clock = self._clocks[chosen]
        order = sorted(heads, key=lambda w: (clock.time(w.stream.organization_id), w.due_at))
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
            allowed = max(heads[one], costs.least(one.stream.kind) * job)
            jobs = min(max(1, int(min(behind, allowed) / job)), most, most if one.free is None else one.free)
            turns.append(Turn(one.stream, one.due_at, jobs))
            most -= jobs
            seconds -= jobs * job
        return turns


def _priorities(waiting: Iterable[Waiting]) -> dict[tuple[int, int], set[int]]:
    """Return the priorities that wait, by rank and organization."""
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for one in waiting:
        found[rank(one.stream.priority), one.stream.organization_id].add(one.stream.priority)
    return found


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

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import Any, NamedTuple

from db.outbox import Entry
from domain.jobs.lanes import LANES
from domain.jobs.priorities import rank
from domain.jobs.registry import registered


class Group(NamedTuple):
    """Jobs of one kind that travel in one message and run together."""

    kind: str
    lane: str
    job_ids: list[int]


def coalesce(entries: Iterable[Entry], size: Callable[[str], int]) -> Iterator[Group]:
    """Pack entries into as few groups as the `size` of each kind allows, first lane and high rank first.

    Entries of one group key stand together, so that two workers seldom meet at one counter. Of a kind that is `by_key`,
    no two keys share a group.
    """
    ordered = sorted(entries, key=_order)
    for (lane, _, kind, limit, _), same in groupby(ordered, key=_shared):
        rest, most = iter(same), size(kind) if limit is None else min(limit, size(kind))
        while group := list(islice(rest, most)):
            yield Group(kind, lane, [entry.job_id for entry in group])


def _shared(entry: Entry) -> tuple[str, int, str, int | None, str]:
    """Return what all jobs of a group have in common."""
    kind = registered(entry.stream.kind)
    key = entry.group_key if kind and kind.by_key else ""
    return entry.stream.lane, rank(entry.stream.priority), entry.stream.kind, entry.group_limit, key


def _order(entry: Entry) -> tuple[Any, ...]:
    stream = entry.stream
    place = LANES.index(stream.lane), -rank(stream.priority), stream.kind
    return *place, entry.group_limit or 0, entry.group_key, entry.job_id

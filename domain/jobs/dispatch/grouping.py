from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import Any, NamedTuple

from db.outbox import Entry
from domain.jobs.registry import LANES


class Group(NamedTuple):
    """Jobs of one kind that are delivered together."""

    kind: str
    lane: str
    job_ids: list[int]


def coalesce(entries: Iterable[Entry], size: Callable[[str], int]) -> Iterator[Group]:
    """Pack entries into as few groups as the `size` of each kind allows, urgent lane and high priority first.

    Entries of one group key stand together, so that two workers seldom meet at one counter.
    """
    ordered = sorted(entries, key=_order)
    for (_, _, kind, group_limit), same in groupby(ordered, key=lambda e: (e.lane, e.priority, e.kind, e.group_limit)):
        rest, most = iter(same), size(kind) if group_limit is None else min(group_limit, size(kind))
        while group := list(islice(rest, most)):
            yield Group(kind, group[0].lane, [entry.job_id for entry in group])


def _order(entry: Entry) -> tuple[Any, ...]:
    return LANES.index(entry.lane), -entry.priority, entry.kind, entry.group_limit or 0, entry.group_key, entry.job_id

"""The slip that travels through the broker: a kind and job ids, no payload and no secret."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

from db.outbox import Entry
from domain.jobs.registry import LANES

VERSION = 1


class ForgedMessage(Exception):
    """The message is not one of ours; the rows it may mean are safe in the database."""


class Message(NamedTuple):
    kind: str
    lane: str
    job_ids: list[int]

    def body(self) -> dict[str, Any]:
        return {"version": VERSION, "jobs": self.job_ids}


def coalesce(entries: Iterable[Entry], group_sizes: Mapping[str, int]) -> Iterator[Message]:
    """Pack entries into as few messages as the kinds' group sizes allow, urgent lane and high priority first.

    Entries of one group key stand together, so that two workers seldom meet at one counter.
    """
    ordered = sorted(entries, key=_order)
    for (_, _, kind, alone), same in groupby(ordered, key=lambda e: (e.lane, e.priority, e.kind, e.alone)):
        size = 1 if alone else group_sizes.get(kind, 1)
        for group in _batched(same, size):
            yield Message(kind, group[0].lane, [entry.job_id for entry in group])


def _order(entry: Entry) -> tuple[Any, ...]:
    return LANES.index(entry.lane), -entry.priority, entry.kind, entry.alone, entry.group_key, entry.job_id


def read(args: Sequence[Any], body: Mapping[str, Any]) -> list[int]:
    """Return the job ids that a task was called with; raise ForgedMessage unless the relay wrote it."""
    if args or body.keys() != {"version", "jobs"} or body["version"] != VERSION:
        raise ForgedMessage("unknown shape or version")
    job_ids = body["jobs"]
    if not isinstance(job_ids, list) or not all(type(i) is int and 0 < i < 2**63 for i in job_ids):
        raise ForgedMessage("jobs must be a list of positive integers")
    return job_ids


def _batched(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while group := list(islice(rest, size)):
        yield group

"""The relay's side of the outbox. An entry is deleted by the claim of its job, and by nothing the relay does."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import fetch, run

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Stream(NamedTuple):
    """The entries of one organization, kind and priority in a lane; they go out in the order in which they fall due."""

    lane: str
    priority: int
    organization_id: int
    kind: str


class Cursor(NamedTuple):
    """A stream, and the time before which nothing in it is due any more."""

    stream: Stream
    since: datetime


class Turn(NamedTuple):
    """At most `most` entries of a stream are to be taken, from those that fell due at `since` on."""

    stream: Stream
    since: datetime
    most: int


class Waiting(NamedTuple):
    """A stream that has due entries, the oldest due since `due_at`.

    `weight` is the organization's share among others, `in_flight` how many jobs of the lane are published and not yet
    claimed, `free` how many jobs more of the organization may run, None without a limit. What is in flight in any lane
    was published at `published_since` or later.
    """

    stream: Stream
    due_at: datetime
    weight: int
    in_flight: int
    free: int | None
    published_since: datetime = BEGINNING

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.stream, self.due_at)


class Entry(NamedTuple):
    """A job that is owed to a worker.

    `group_limit` is how many jobs may travel together with it, None for as many as the kind allows.
    """

    job_id: int
    stream: Stream
    group_key: str
    group_limit: int | None


class OldestWait(NamedTuple):
    """Since when the oldest job that waits in a lane has been due."""

    lane: str
    since: datetime


class Facts(NamedTuple):
    """Decide when a PENDING job starts.

    `higher` and `own` count jobs before it, up to 10,000: of higher priority, and older ones of its own stream. The
    last report of a relay is `relay_silent_s` seconds old, None if there was none.
    """

    now: datetime
    due_at: datetime
    published_at: datetime | None
    higher: int
    own: int
    paused_since: datetime | None
    running: int
    relay_silent_s: float | None
    reaches_broker: bool


def waiting(
    session: Session, lanes: Sequence[str], cursors: Sequence[Cursor] = (), published_since: datetime = BEGINNING
) -> list[Waiting]:
    """Return the streams in `lanes` that have due entries; those at `cursors` are read from there on.

    Paused lanes and kinds are left out. Jobs in flight are counted if they were published after `published_since`.
    """
    rows = run(session, "waiting_streams", **cursor_parameters(lanes, cursors, published_since))
    return [Waiting(_stream(row), row.due_at, row.weight, row.in_flight, row.free, row.published_since) for row in rows]


def cursor_parameters(
    lanes: Sequence[str], cursors: Sequence[Cursor] = (), published_since: datetime = BEGINNING
) -> dict[str, Any]:
    """Return the parameters of waiting_streams.sql: a cursor before each lane, and all `cursors` in these lanes."""
    first = [Cursor(Stream(lane, priority=-1, organization_id=0, kind=""), BEGINNING) for lane in lanes]
    known = [cursor for cursor in cursors if cursor.stream.lane in lanes]
    return columns([*first, *known]) | {"published_since": published_since}


def columns(cursors: Sequence[Cursor | Turn]) -> dict[str, Any]:
    """Return streams, and since when each is read, as the parameters of a query."""
    return {
        "lanes": [one.stream.lane for one in cursors],
        "priorities": [one.stream.priority for one in cursors],
        "organization_ids": [one.stream.organization_id for one in cursors],
        "kinds": [one.stream.kind for one in cursors],
        "since": [one.since for one in cursors],
    }


def facts(session: Session, job_id: int, cursors: Sequence[Cursor], max_own: int) -> Facts | None:
    """Return the facts of a job beside the streams at `cursors`; None once a worker has claimed it.

    A priority up to `max_own` goes before those of its own organization alone.
    """
    found = fetch(session, Facts, "explain_job", id=job_id, max_own=max_own, **columns(cursors))
    return found[0] if found else None


def lease(session: Session, turns: Sequence[Turn], redelivery: float) -> list[Entry]:
    """Take the due entries that `turns` allow, oldest first; each is due again in `redelivery` seconds."""
    mosts = [turn.most for turn in turns]
    rows = run(session, "lease_entries", **columns(turns), mosts=mosts, redelivery=redelivery)
    return _entries(rows)


def lease_by_key(session: Session, turns: Sequence[Turn], sizes: Sequence[int], redelivery: float) -> list[Entry]:
    """Take entries as `lease` does, but as many of one group key together as the `sizes` of the turns say."""
    mosts = [turn.most for turn in turns]
    rows = run(session, "lease_entries_by_key", **columns(turns), mosts=mosts, sizes=list(sizes), redelivery=redelivery)
    return _entries(rows)


def _entries(rows: Iterable[Any]) -> list[Entry]:
    return [Entry(row.job_id, _stream(row), row.group_key, row.group_limit) for row in rows]


def _stream(row: Any) -> Stream:
    return Stream(lane=row.lane, priority=row.priority, organization_id=row.organization_id, kind=row.kind)


def traceparents(session: Session, job_ids: Sequence[int]) -> dict[int, str]:
    """Return the traceparents of those of the jobs that are of a trace."""
    return {row.id: row.traceparent for row in run(session, "find_traces", ids=list(job_ids))}


def give_back(session: Session, job_ids: Sequence[int], delay: float = 0.0) -> None:
    """Make entries that nobody could take due in `delay` seconds, as if never leased."""
    run(session, "return_entries", ids=list(job_ids), delay=delay)


def hasten(session: Session, job_id: int) -> bool:
    """Have a job that waits for its next attempt be due; return whether it waited."""
    return bool(run(session, "hasten", job_id=job_id))


def mend(session: Session, limit: int = 10_000) -> int:
    """Give PENDING jobs without an entry a new one, and no other job one; return how many were put right.

    Each call reads `limit` jobs and goes on where the one before it stopped.
    """
    return len(run(session, "mend_entries", limit=limit))


def report(session: Session, listening: bool, reaches_broker: bool) -> None:
    """Say that a relay runs, whether intakes are to wake it by NOTIFY, and whether it reaches the broker."""
    run(session, "report", listening=listening, reaches_broker=reaches_broker)


def oldest_waits(session: Session, organization_id: int | None) -> list[OldestWait]:
    """Return the oldest wait in each lane that holds a job which is due: of an organization, or of all."""
    if organization_id is None:
        return fetch(session, OldestWait, "oldest_waits")
    return fetch(session, OldestWait, "oldest_waits_of_one", organization_id=organization_id)


def count_waiting(session: Session) -> int:
    """Return how many jobs wait, as the server's statistics have it: free, and some seconds old."""
    return run(session, "count_waiting")[0].jobs


def count_waiting_of(session: Session, organization_id: int, most: int) -> int:
    """Return how many jobs of an organization wait, counted up to `most`."""
    return run(session, "count_waiting_of_one", organization_id=organization_id, most=most)[0].jobs

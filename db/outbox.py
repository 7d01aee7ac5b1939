"""The relay's side of the outbox. An entry is deleted by the claim of its job, and by nothing the relay does."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import run

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Waiting(NamedTuple):
    """The due entries of one organization and kind in a lane, the oldest due since `due_at`.

    `weight` is the organization's share among others, `out` how many jobs the lane has published and nobody has
    claimed, `free` how many jobs more of the organization may run, None without a limit. What all lanes have out is due
    again from `out_since` on, None if there is nothing.
    """

    lane: str
    priority: int
    organization_id: int
    kind: str
    due_at: datetime
    weight: int
    out: int
    free: int | None
    out_since: datetime | None = None


class Edge(NamedTuple):
    """A place in a lane, and the time before which nothing in it is due any more."""

    lane: str
    priority: int
    organization_id: int
    kind: str
    since: datetime


class Turn(NamedTuple):
    """Whose entries are to be taken, due since when, and how many at the most."""

    lane: str
    priority: int
    organization_id: int
    kind: str
    since: datetime
    most: int


class Entry(NamedTuple):
    """What is owed to a worker. `group_limit` is how many jobs may travel together, None as many as the kind allows."""

    job_id: int
    organization_id: int
    kind: str
    lane: str
    priority: int
    group_key: str
    group_limit: int | None


def waiting(
    session: Session, lanes: Sequence[str], edges: Sequence[Edge] = (), out_since: datetime = BEGINNING
) -> list[Waiting]:
    """Return who has due entries in `lanes`, at `edges` those due since then; what is paused is not among them.

    What is out is counted where it falls due again after `out_since`.
    """
    return [Waiting(*row) for row in run(session, "waiting_turns", **places(lanes, edges, out_since))]


def places(lanes: Sequence[str], edges: Sequence[Edge] = (), out_since: datetime = BEGINNING) -> dict[str, Any]:
    """Return the parameters of waiting_turns.sql: where each lane begins, the `edges` in it, and where what is out."""
    begins = [Edge(lane, -1, 0, "", BEGINNING) for lane in lanes]
    return columns([*begins, *(edge for edge in edges if edge.lane in lanes)]) | {"out_since": out_since}


def columns(places: Sequence[Edge | Turn | Waiting]) -> dict[str, Any]:
    """Return places, and since when each is to be looked at, as the parameters of a query."""
    names = ("lanes", "priorities", "organization_ids", "kinds", "since")
    return {name: [place[n] for place in places] for n, name in enumerate(names)}


def lease(session: Session, turns: Sequence[Turn], redelivery: float) -> list[Entry]:
    """Take the due entries that `turns` allow, oldest first; each is due again in `redelivery` seconds."""
    mosts = [turn.most for turn in turns]
    rows = run(session, "lease_entries", **columns(turns), mosts=mosts, redelivery=redelivery)
    return [Entry(*row) for row in rows]


def give_back(session: Session, job_ids: Sequence[int], delay: float = 0.0) -> None:
    """Make entries that nobody could take due in `delay` seconds, as if never leased."""
    run(session, "return_entries", ids=list(job_ids), delay=delay)


def mend(session: Session, limit: int = 10_000) -> int:
    """Give PENDING jobs without an entry a new one, and no other job one; return how many were put right.

    Looks at `limit` jobs, and at the following ones the next time.
    """
    return len(run(session, "mend_entries", limit=limit))


def listen(session: Session, listening: bool) -> None:
    """Ask intakes to wake the relay by NOTIFY, or no longer to."""
    run(session, "listen", listening=listening)

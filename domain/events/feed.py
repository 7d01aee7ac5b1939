"""The events of an organization, in the order of their numbers: whoever was away reads on where it was."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from db.queries import fetch, run
from domain.errors import Conflict, Gone
from domain.events import types

FIRST = 0
# Among so many events the newest of a type are looked for: without an index of types, more would take long.
REACH = 100_000


def moment(at: datetime) -> str:
    """Return a time as the API writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Event(NamedTuple):
    """An event with its number; `data` is JSON."""

    organization_id: int
    sequence: int
    id: UUID
    type: str
    created_at: datetime
    data: str

    def text(self) -> str:
        """Return the event as JSON: the same whether it is sent, read or followed."""
        return (
            f'{{"id":"{self.id}","type":"{self.type}","sequence":{self.sequence},"createdAt":"{moment(self.created_at)}",'
            f'"organizationId":{self.organization_id},"data":{self.data}}}'
        )


class Stream(NamedTuple):
    """The numbers of an organization's last event, and of the first that is kept, None if none is."""

    organization_id: int
    last_sequence: int
    first_sequence: int | None


def open_stream(session: Session, organization_id: int) -> None:
    """Have an organization told of events from the commit of `session` on, if it has not asked before."""
    run(session, "open_stream", organization_id=organization_id)


def streams(session: Session, organization_ids: Collection[int]) -> dict[int, Stream]:
    """Return the streams of those organizations that have asked for events."""
    found = fetch(session, Stream, "read_streams", organization_ids=sorted(organization_ids))
    return {stream.organization_id: stream for stream in found}


def after(session: Session, organization_id: int, sequence: int, pattern: str, limit: int) -> list[Event]:
    """Return what `following` does; raise Gone if some are past their retention, as nobody would notice otherwise.

    Raise Conflict if there was no event of that number: whoever has seen one knew a database that is there no more.
    """
    found = following(session, organization_id, sequence, pattern, limit)
    if sequence:
        _require_told(streams(session, [organization_id]).get(organization_id), sequence)
    return found


def following(session: Session, organization_id: int, sequence: int, pattern: str, limit: int) -> list[Event]:
    """Return up to `limit` events after a number, of the types that `pattern` names."""
    exact = None if pattern.endswith(types.ALL) else pattern
    return fetch(
        session, Event, "list_events",
        organization_id=organization_id, after=sequence, type=exact, prefix=pattern.removesuffix(types.ALL),
        limit=limit,
    )  # fmt: skip


def newest(
    session: Session,
    organization_id: int,
    pattern: str,
    limit: int,
    before: int | None = None,
    event_id: UUID | None = None,
) -> list[Event]:
    """Return up to `limit` events of the types that `pattern` names, newest first, among the REACH before a number.

    With an id, return the one of that id, if it is among them.
    """
    if before is None:
        last = streams(session, [organization_id]).get(organization_id)
        before = (last.last_sequence if last else 0) + 1
    exact = None if pattern.endswith(types.ALL) else pattern
    return fetch(
        session, Event, "list_recent_events",
        organization_id=organization_id, after=before - 1 - REACH, before=before, type=exact,
        prefix=pattern.removesuffix(types.ALL), id=event_id, limit=limit,
    )  # fmt: skip


def find(session: Session, organization_id: int, sequence: int) -> Event | None:
    """Return the event of that number, None if it is past its retention, or was never told."""
    found = following(session, organization_id, sequence - 1, types.ALL, 1)
    return found[0] if found and found[0].sequence == sequence else None


def _require_told(stream: Stream | None, sequence: int) -> None:
    last = stream.last_sequence if stream else 0
    if sequence > last:
        told = f"the last event is {last}: what has a higher number was lost as the database was restored"
        raise Conflict(f"{told}, and numbers come again; go on with after={last}", after=last)
    first = (stream and stream.first_sequence) or last + 1
    if sequence + 1 < first:
        told = f"the events {sequence + 1} to {first - 1} are past their retention: go on with after={first - 1}"
        raise Gone(told, after=first - 1)

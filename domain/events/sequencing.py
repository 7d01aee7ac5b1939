"""Events get their numbers once they are committed, one organization at a time: 1 to n, without a gap.

A counter within the transactions of the changes would make each wait for the one before. The order is that in which
the events were told, so an event that was told after another was committed comes after it.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from db.queries import fetch, run
from db.transaction import statement
from domain.events.telling import KIND, owe_sequence
from domain.jobs.lanes import DEFAULT
from domain.jobs.priorities import HIGH

FORGOTTEN_S = 2.0


class Sequenced(NamedTuple):
    """An event that has its number; its data is JSON, and what it leads to is of the trace of `traceparent`."""

    sequence: int
    type: str
    data: str
    id: UUID
    traceparent: str | None = None


class Batch(NamedTuple):
    """Events that have just been numbered; `automated` says whether automations ask for any of the organization's."""

    events: list[Sequenced]
    automated: bool


def sequence(session: Session, organization_id: int, most: int) -> Batch:
    """Number the oldest pending events of an organization, up to `most`, and owe a job for the rest; return them."""
    [stream] = run(session, "lock_stream", organization_id=organization_id)
    if stream.automated:
        run(session, "mark_caused", organization_id=organization_id, limit=most)
    terms = {"organization_id": organization_id, "last_sequence": stream.last_sequence, "limit": most}
    sequenced = fetch(session, Sequenced, "sequence_events", **terms)
    if len(sequenced) == most:
        owe_sequence(session, organization_id)
    return Batch(sequenced, stream.automated)


def owe_forgotten() -> None:
    """Owe the jobs for events that were told by the database itself, as a job ended: nobody owed one then."""
    terms = {"kind": KIND, "lane": DEFAULT, "priority": HIGH, "age": FORGOTTEN_S}
    with statement() as session:
        for row in run(session, "find_unsequenced", **terms):
            owe_sequence(session, row.organization_id)

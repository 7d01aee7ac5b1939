"""Events get their numbers once they are committed, one organization at a time: 1 to n, without a gap.

A counter within the transactions of the changes would make each wait for the one before. The order is that in which
the events were told, so an event that was told after another was committed comes after it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from db.queries import fetch, run
from db.transaction import statement
from domain.events.telling import KIND, owe_sequence
from domain.jobs.lanes import DEFAULT
from domain.jobs.priorities import HIGH

# So many take a second or two, with their deliveries.
MAX_EVENTS = 5000
FORGOTTEN_S = 2.0


class Sequenced(NamedTuple):
    """An event that has its number; its data is JSON."""

    sequence: int
    type: str
    data: str


FanOut = Callable[[Session, int, Sequence[Sequenced]], None]


def sequence(session: Session, organization_id: int, fan_out: FanOut) -> int:
    """Number an organization's pending events, and hand them to `fan_out` for the same commit; return how many.

    Of more than MAX_EVENTS the oldest are numbered, and another job is owed for the rest.
    """
    [stream] = run(session, "lock_stream", organization_id=organization_id)
    terms = {"organization_id": organization_id, "last_sequence": stream.last_sequence, "limit": MAX_EVENTS}
    sequenced = fetch(session, Sequenced, "sequence_events", **terms)
    if len(sequenced) == MAX_EVENTS:
        owe_sequence(session, organization_id)
    if sequenced:
        fan_out(session, organization_id, sequenced)
    return len(sequenced)


def owe_forgotten() -> None:
    """Owe the jobs for events that were told by the database itself, as a job ended: nobody owed one then."""
    terms = {"kind": KIND, "lane": DEFAULT, "priority": HIGH, "age": FORGOTTEN_S}
    with statement() as session:
        for row in run(session, "find_unsequenced", **terms):
            owe_sequence(session, row.organization_id)

"""An event is told in the transaction of its change: it is there if and only if the change is. It has no number yet."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from db import traces
from db.queries import run
from domain.jobs.priorities import HIGH
from domain.jobs.submission import enqueue

KIND = "events.sequence"
# Events of a rush are numbered so often: in groups, as each run costs as much as the numbering of some hundred.
PAUSE_S = 0.25
# In the data of an event that an automation has caused, and in the `info` of a session that acts for one: its run, how
# deep it is, and the chain of automations that led to it.
CAUSED_BY = "causedBy"


class News(NamedTuple):
    """What is to be told: the event's type, and what it says as JSON values; of which job's trace, if not of this."""

    type: str
    data: Mapping[str, Any]
    job_id: int | None = None


def tell(session: Session, organization_id: int, news: Sequence[News]) -> None:
    """Write the events and owe the job that numbers them, if the organization has asked for events."""
    cause = {CAUSED_BY: session.info[CAUSED_BY]} if CAUSED_BY in session.info else {}
    if not news:
        return
    listening = run(
        session,
        "tell_events",
        organization_id=organization_id,
        types=[one.type for one in news],
        data=[orjson.dumps({**one.data, **cause}).decode() for one in news],
        traceparents=[traces.of_job(one.job_id) for one in news],
        pause=PAUSE_S,
    )
    for stream in listening:
        owe_sequence(session, organization_id, float(stream.delay))


def owe_sequence(session: Session, organization_id: int, delay: float = 0.0) -> None:
    """Owe the job that numbers an organization's events, after `delay` s: before its other jobs, which may be many."""
    enqueue(session, organization_id, KIND, [(str(organization_id), {})], priority=HIGH, delay=delay)

"""The relay's side of the outbox. An entry is deleted by the claim of its job, and by nothing the relay does."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from db.queries import run


class Entry(NamedTuple):
    job_id: int
    kind: str
    lane: str
    priority: int
    group_key: str
    alone: bool


def lease(session: Session, lanes: Sequence[str], max_out: int, redelivery: float) -> list[Entry]:
    """Take due entries, so many that no lane has more than `max_out` out; each is due again in `redelivery` seconds."""
    rows = run(session, "lease_entries", lanes=list(lanes), max_out=max_out, redelivery=redelivery)
    return [Entry(*row) for row in rows]


def give_back(session: Session, job_ids: Sequence[int]) -> None:
    """Make entries that could not be published due at once."""
    run(session, "return_entries", ids=list(job_ids))


def mend(session: Session) -> int:
    """Give each PENDING job without an entry a new one; return how many there were."""
    return len(run(session, "mend_entries"))


def listen(session: Session, listening: bool) -> None:
    """Ask intakes to wake the relay by NOTIFY, or no longer to."""
    run(session, "listen", listening=listening)

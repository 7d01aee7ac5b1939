"""A canary is a message without a job that a relay sends down each lane every minute, and any worker answers."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import presence as rows
from db.models import Canary
from domain.jobs.presence import worker_name

TASK = "queue.canary"
PERIOD_S = 60.0
# Two more were sent meanwhile, and whatever ran before it is over.
LATE_S = 150.0


def due(session: Session, lanes: Sequence[str]) -> list[str]:
    """Return the lanes to which the caller is to send a canary now; no relay beside it does."""
    return rows.send_canaries(session, lanes, PERIOD_S)


def answer(session: Session, lane: str) -> None:
    """Note that this process has taken the lane's canary."""
    rows.answer_canary(session, lane, worker_name())


def canaries(session: Session) -> Sequence[Canary]:
    """Return the canary of each lane."""
    return session.scalars(select(Canary).order_by(Canary.lane)).all()


def is_late(canary: Canary) -> bool:
    """Tell whether nobody takes what is sent to the lane, though it is sent."""
    return (canary.unanswered_seconds or 0.0) > LATE_S and canary.sent_seconds < 2 * PERIOD_S

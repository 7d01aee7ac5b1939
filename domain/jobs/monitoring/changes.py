"""Whether something of the installation has changed, for those who watch it."""

from sqlalchemy.orm import Session

from db import outbox
from domain.jobs import canaries
from domain.jobs.monitoring import queues
from domain.jobs.monitoring.processes import life, processes


def digest(session: Session) -> str:
    """Return a text that is another once a process comes, goes or falls silent, or other work waits or is held back."""
    lives = [f"{one.name} {life(one)}" for one in processes(session)]
    late = [one.lane for one in canaries.canaries(session) if canaries.is_late(one)]
    paused = [f"{one.what} {one.name}" for one in queues.pauses(session)]
    return repr((outbox.count_waiting(session), lives, late, paused))

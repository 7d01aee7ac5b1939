"""Why a job is not done yet, and when it may start: from the outbox, the lease and what was drained lately."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from db import outbox, statistics
from db.models import Job
from db.outbox import Facts, Waiting
from domain.jobs.dispatch.backlog import Backlog
from domain.jobs.lifecycle import FINISHED, Status

# A published entry that nobody claims, or a due one that nobody publishes, for so many seconds means: nobody is there.
PATIENCE = 5.0
_backlog = Backlog()


@dataclass(frozen=True)
class Position:
    """What stands before a job: of its organization, the older ones of its kind. Counts stop at 10,000.

    `share` is its organization's part of the turns.
    """

    higher_priority: int
    same_organization: int
    organizations_waiting: int
    share: float


@dataclass(frozen=True)
class Explanation:
    """`reason` is a word for programs, `text` a sentence for people; rates are jobs a second."""

    reason: str
    text: str
    position: Position | None = None
    drain_rate: float | None = None
    expected_start_at: datetime | None = None
    next_retry_at: datetime | None = None
    published_at: datetime | None = None
    worker: str | None = None
    lease_age_seconds: float | None = None
    lease_expires_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        return asdict(self)


def explain(session: Session, job: Job) -> Explanation:
    """Return why `job` is in its state."""
    if job.status in FINISHED:
        return Explanation("finished", f"The job is {job.status.lower()}.")
    if job.status != Status.PENDING:
        return _running(job)
    waiting = _backlog.waiting(session, [job.lane])
    entry = outbox.facts(session, job.id, [one.cursor for one in waiting])
    if entry is None:  # a worker has claimed it since it was read
        return _running(job)
    if job.available_at > entry.now:
        failed = f"The attempt before failed ({job.error}). " if job.error else ""
        return Explanation(
            "waits_for_retry", f"{failed}It is tried again at {job.available_at:%H:%M:%S} UTC.",
            next_retry_at=job.available_at, expected_start_at=job.available_at,
        )  # fmt: skip
    if entry.paused_since:
        return Explanation("paused", f"Its lane or kind is paused since {entry.paused_since:%Y-%m-%d %H:%M:%S} UTC.")
    return _queued(session, job, entry, [one for one in waiting if one.stream.priority == job.priority])


def seconds_until_start(session: Session, job: Job) -> float | None:
    """Return how long it should take until `job` starts, None when nothing tells."""
    expected = explain(session, job).expected_start_at
    return (expected - job.read_at).total_seconds() if expected else None


def _running(job: Job) -> Explanation:
    age = (job.read_at - job.started_at).total_seconds() if job.started_at else None
    asked = " It was asked to stop and does so at its next checkpoint." if job.cancel_requested else ""
    text = f"Worker {job.worker} is at it: {job.progress} of {job.total} done.{asked}"
    return Explanation("running", text, worker=job.worker, lease_age_seconds=age, lease_expires_at=job.lease_expires_at)


def _queued(session: Session, job: Job, entry: Facts, waiting: list[Waiting]) -> Explanation:
    rates = {row.lane: row for row in statistics.drain_rates(session)}
    lately = rates.get(job.lane)
    rate = lately.jobs_per_second if lately else None
    position = _position(job, entry, waiting)
    silent = lately is None or lately.idle_seconds > PATIENCE
    reason, text = _reason(job, entry, waiting, position, silent and not entry.running)
    start = None
    if rate and reason not in ("no_worker", "no_relay", "at_its_limit"):
        ahead = position.higher_priority + position.same_organization / position.share
        start = entry.now + timedelta(seconds=min(ahead / rate, 86_400.0))
    return Explanation(
        reason, text, position=position, drain_rate=rate, expected_start_at=start, published_at=entry.published_at
    )


def _position(job: Job, entry: Facts, waiting: list[Waiting]) -> Position:
    weights = {one.stream.organization_id: one.weight for one in waiting}
    own = weights.setdefault(job.organization_id, 1)
    return Position(entry.higher, entry.own, len(weights), own / sum(weights.values()))


def _reason(job: Job, entry: Facts, waiting: list[Waiting], position: Position, silent: bool) -> tuple[str, str]:
    if entry.published_at and entry.due_at > entry.now:
        age = (entry.now - entry.published_at).total_seconds()
        if silent and age > PATIENCE:
            return "no_worker", f"It was sent {age:.0f} s ago, and no worker takes what is in lane {job.lane}."
        return "sent", f"It was sent to lane {job.lane} {age:.1f} s ago; a worker takes it when it is free."
    if entry.due_at > entry.now:
        return "held", "Whoever submitted it may still run it; then it is queued."
    if any(one.free == 0 for one in waiting if one.stream.organization_id == job.organization_id):
        return "at_its_limit", "As many jobs of its organization are running as may run at once."
    if silent and (entry.now - entry.due_at).total_seconds() > PATIENCE:
        return "no_relay", "It is due and nobody sends it: is a relay running, and does it reach the broker?"
    return "queued", (
        f"{position.higher_priority} jobs of higher priority and {position.same_organization} of its own organization "
        f"stand before it; {position.organizations_waiting} organizations take turns."
    )

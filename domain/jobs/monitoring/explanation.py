"""Why a job is not done yet, and when it may start: from the outbox, the lease and what was drained lately."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from db import outbox, statistics, traces
from db.models import Job
from db.outbox import Facts, Waiting
from domain.jobs import presence
from domain.jobs.dispatch.backlog import Backlog
from domain.jobs.lifecycle import FINISHED, Status
from domain.jobs.monitoring.processes import longest_report_s, processes
from domain.jobs.priorities import MAX_OWN, rank

# A lane in which nothing has run for so long, while a job in it was due, lacks a part.
SILENT_S = 5.0
MISSING = ("no_relay", "no_broker", "no_worker")
_backlog = Backlog()


@dataclass(frozen=True)
class Position:
    """The work that stands before a job: of its organization, the older ones of its kind. Counts stop at 10,000.

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
    trace_id: str | None = None

    def document(self) -> dict[str, Any]:
        return asdict(self)


def explain(session: Session, job: Job) -> Explanation:
    """Return why `job` is in its state, and of which trace it is."""
    return replace(_explain(session, job), trace_id=traces.trace_id(job.traceparent))


def _explain(session: Session, job: Job) -> Explanation:
    if job.status in FINISHED:
        return Explanation("finished", _ended(job))
    if job.status != Status.PENDING:
        return _running(session, job)
    waiting = _backlog.waiting(session, [job.lane])
    entry = outbox.facts(session, job.id, [one.cursor for one in waiting], MAX_OWN)
    if entry is None:  # a worker has claimed it since it was read
        return _running(session, job)
    if job.available_at > entry.now and not job.attempts and not job.error:
        waits = f"It goes on, {job.progress} of {job.total} done" if job.progress else "It waits for its time"
        return Explanation(
            "scheduled", f"{waits}: {job.available_at:%Y-%m-%d %H:%M:%S} UTC.", expected_start_at=job.available_at
        )
    if job.available_at > entry.now:
        failed = f"The attempt before failed ({job.error}). " if job.error else ""
        return Explanation(
            "waits_for_retry", f"{failed}It is tried again at {job.available_at:%H:%M:%S} UTC.",
            next_retry_at=job.available_at, expected_start_at=job.available_at,
        )  # fmt: skip
    if entry.paused_since:
        return Explanation("paused", f"Its lane or kind is paused since {entry.paused_since:%Y-%m-%d %H:%M:%S} UTC.")
    return _queued(session, job, entry, [one for one in waiting if rank(one.stream.priority) == rank(job.priority)])


def seconds_until_start(session: Session, job: Job) -> float | None:
    """Return how long it should take until `job` starts, None when nothing tells."""
    expected = explain(session, job).expected_start_at
    return (expected - job.read_at).total_seconds() if expected else None


def _ended(job: Job) -> str:
    if job.status == Status.COMPLETED:
        return "The job is completed."
    again = f"POST /api/v1/jobs/{job.id}/retry runs it again, and goes on where it stopped."
    if job.status == Status.CANCELLED:
        return f"The job was cancelled. {again}"
    return f"The job failed after {_counted(job.attempts, 'attempt')}: {job.error}. {again}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _running(session: Session, job: Job) -> Explanation:
    age = (job.read_at - job.started_at).total_seconds() if job.started_at else None
    asked = " It was asked to stop and does so at its next checkpoint." if job.cancel_requested else ""
    text = f"Worker {job.worker} is at it: {job.progress} of {job.total} done.{asked}"
    text += _silence(session, job)
    return Explanation("running", text, worker=job.worker, lease_age_seconds=age, lease_expires_at=job.lease_expires_at)


def _silence(session: Session, job: Job) -> str:
    """Return how long nothing was heard of the process that holds the job, "" if it lives or is not known."""
    holder = (job.worker or "").partition("/")[0]
    silent = [one for one in processes(session) if one.name == holder and presence.is_silent(one)]
    if not silent:
        return ""
    seen = f"{silent[0].silent_seconds:.0f} s"
    return f" Nothing was heard of it for {seen}: the job goes on elsewhere in seconds, or once its lease has ended."


def _queued(session: Session, job: Job, entry: Facts, waiting: list[Waiting]) -> Explanation:
    rates = {row.lane: row for row in statistics.drain_rates(session)}
    lately = rates.get(job.lane)
    rate = lately.jobs_per_second if lately else None
    position = _position(job, entry, waiting)
    silent = lately is None or lately.idle_seconds > SILENT_S
    reason, text = _reason(session, job, entry, waiting, position, silent and not entry.running)
    start = None
    if rate and reason not in (*MISSING, "at_its_limit"):
        ahead = position.higher_priority + position.same_organization / position.share
        start = entry.now + timedelta(seconds=min(ahead / rate, 86_400.0))
    return Explanation(
        reason, text, position=position, drain_rate=rate, expected_start_at=start, published_at=entry.published_at
    )


def _position(job: Job, entry: Facts, waiting: list[Waiting]) -> Position:
    weights = {one.stream.organization_id: one.weight for one in waiting}
    own = weights.setdefault(job.organization_id, 1)
    return Position(entry.higher, entry.own, len(weights), own / sum(weights.values()))


def _reason(
    session: Session, job: Job, entry: Facts, waiting: list[Waiting], position: Position, silent: bool
) -> tuple[str, str]:
    since = entry.published_at if entry.published_at and entry.due_at > entry.now else entry.due_at
    age = (entry.now - since).total_seconds()
    if since == entry.published_at:
        if silent and age > SILENT_S:
            return _missing(
                session, job, entry, f"It was sent to lane {job.lane} {age:.0f} s ago, and nothing runs there"
            )
        return "sent", f"It was sent to lane {job.lane} {age:.1f} s ago; a worker takes it when it is free."
    if age < 0:
        return "held", "The API process that accepted it may still run it; after that it is queued."
    if any(one.free == 0 for one in waiting if one.stream.organization_id == job.organization_id):
        return "at_its_limit", "As many jobs of its organization are running as may run at once."
    if silent and age > SILENT_S:
        return _missing(session, job, entry, f"It has been due for {age:.0f} s, and nothing runs in lane {job.lane}")
    return "queued", _before(position)


def _missing(session: Session, job: Job, entry: Facts, observed: str) -> tuple[str, str]:
    """Return which part is missing and how that shows."""
    silent_s = entry.relay_silent_s
    if silent_s is None or silent_s > longest_report_s():
        reported = "has ever reported" if silent_s is None else f"has reported for {silent_s:.0f} s"
        return "no_relay", f"{observed}: no relay {reported}. Start one with `counterfoil relay`."
    reported = f"a relay reported {silent_s:.0f} s ago"
    if not entry.reaches_broker:
        return "no_broker", f"{observed}: {reported} that it cannot reach the broker."
    return "no_worker", f"{observed}: {reported} that it reaches the broker, and {_worker_trouble(session, job)}"


def _worker_trouble(session: Session, job: Job) -> str:
    """Return why no worker takes the job, by the workers' own heartbeats."""
    serving = [one for one in processes(session) if job.lane in one.lanes]
    living = [one for one in serving if not presence.is_silent(one)]
    if not living:
        last = min(serving, key=lambda one: one.silent_seconds, default=None)
        seen = f"; the last, {last.name}, was seen {last.silent_seconds:.0f} s ago" if last else ""
        return f"no worker that serves the lane lives{seen}. Start one with `counterfoil worker`."
    if not any(job.kind in one.kinds for one in living):
        versions = ", ".join(sorted({one.version for one in living}))
        return f"none of the workers that live (version {versions}) knows the kind {job.kind}. Update them."
    return f"worker {living[0].name} lives and takes nothing. Restart it."


def _before(position: Position) -> str:
    ahead = position.higher_priority + position.same_organization
    organizations = _counted(position.organizations_waiting, "organization")
    return (
        f"{_counted(position.higher_priority, 'job')} of higher priority and {position.same_organization} of its own "
        f"organization {'stands' if ahead == 1 else 'stand'} before it; "
        f"{organizations} {'takes' if position.organizations_waiting == 1 else 'take'} turns."
    )

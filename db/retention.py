"""What is kept by weeks, completed jobs and events: a partition a week, made ahead of time and dropped whole.

`complete` moves a job's row there, as the row's status decides its partition. What comes in a week without a
partition stands in the partition for the rest: nothing depends on the cleanup having run.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries import run

ADVISORY_LOCK = 4_270_332
# To make or drop a partition is to have the table alone for a moment; whoever completes a job waits behind.
WAIT_BRIEFLY = text("SET LOCAL lock_timeout = '500ms'")
# To make one PostgreSQL reads all of the partition for the rest, which is long if no cleanup ran for weeks.
READ_BRIEFLY = text("SET LOCAL statement_timeout = '1s'")
# So long an address is known as one from which a user has logged in.
SESSION_DAYS = 30
PARENTS = JOBS, EVENTS = "completed_jobs", "events"


def make_weeks(session: Session) -> None:
    """Have partitions for this week and the next two, unless another cleanup is at it.

    Raise a transient DBAPIError while the table is busy, or so much stands in the partition for the rest that others
    would wait for long: then that stays the place until enough of it is past its retention.
    """
    weeks = missing_weeks(session) if _alone(session) else []
    session.execute(READ_BRIEFLY)
    for week in weeks:
        if not week.taken:
            run(session, "make_week", parent=week.parent, week=week.week)


def missing_weeks(session: Session) -> Sequence[Any]:
    """Return the weeks, from this to the next but one, for which a table, `parent`, has no partition.

    A week has its Monday as `week`; `begun` is this week; a week is `taken` if some of its rows stand in the partition
    for the rest.
    """
    return run(session, "missing_weeks", parents=list(PARENTS))


def drop_week(session: Session, parent: str, days: int) -> bool:
    """Drop the oldest week of a table of which all is older than `days`; return whether there was one."""
    weeks = run(session, "past_weeks", parent=parent, days=days) if _alone(session) else []
    for week in weeks:
        run(session, "drop_week", parent=parent, week=week.week)
    return bool(weeks)


def _alone(session: Session) -> bool:
    """Tell whether no other cleanup changes the weeks, and keep it so to the end of this transaction."""
    session.execute(WAIT_BRIEFLY)
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK}))


class Retention(NamedTuple):
    """How long rows are kept: days, or hours for answers."""

    jobs: int
    failed_jobs: int
    answers_h: int
    events: int
    mails: int
    letters: int
    readings: int


def clean(session: Session, kept: Retention, limit: int = 10_000) -> int:
    """Delete up to `limit` jobs, and as many answers, events, slots, mails and sessions, that are past their retention.

    As many mails of mailboxes and rejected bills are emptied, and rows of waits deleted, and folded. Return how many.
    """
    jobs = run(session, "clean_jobs", days=kept.jobs, failed_days=kept.failed_jobs, limit=limit)
    keys = run(session, "clean_idempotency_keys", hours=kept.answers_h, limit=limit)
    names = ("clean_events", "clean_deliveries", "clean_schedule_slots", "clean_automations")
    events = [row for name in names for row in run(session, name, days=kept.events, limit=limit)]
    mails = [
        *run(session, "clean_mails", days=kept.mails, limit=limit),
        *run(session, "clean_letters", days=kept.letters, limit=limit),
    ]
    readings = run(session, "clean_readings", days=kept.readings, limit=limit)
    sessions = run(session, "clean_sessions", days=SESSION_DAYS, limit=limit)
    run(session, "fold_statistics")
    waits = [run(session, name, limit=limit) for name in ("clean_waits", "fold_waits")]
    return sum(map(len, (jobs, keys, events, mails, readings, sessions, *waits)))

"""The history of completed jobs: a partition a week, made ahead of time and dropped whole.

`complete` moves a job's row there, as the row's status decides its partition. A job that is completed in
a week without a partition stands in completed_jobs_rest: nothing depends on the cleanup having run.
"""

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries import run

ADVISORY_LOCK = 4_270_332
# To make or drop a partition is to have the table alone for a moment; whoever completes a job waits behind.
WAIT_BRIEFLY = text("SET LOCAL lock_timeout = '500ms'")
# To make one PostgreSQL reads all of completed_jobs_rest, which is long if no cleanup ran for weeks.
READ_BRIEFLY = text("SET LOCAL statement_timeout = '1s'")


def make_weeks(session: Session) -> None:
    """Have a partition for this week and the next two, unless another cleanup is at it.

    Raise a transient DBAPIError while the table is busy, or so much stands in completed_jobs_rest that others would
    wait for long: then that stays the place until enough of it is past its retention.
    """
    weeks = _weeks(session, "missing_weeks")
    session.execute(READ_BRIEFLY)
    for week in weeks:
        run(session, "make_week", week=week)


def drop_week(session: Session, days: int) -> bool:
    """Drop the oldest week of which all is older than `days`, with its attempts; return whether there was one."""
    weeks = _weeks(session, "past_weeks", days=days)
    for week in weeks:
        run(session, "drop_week", week=week)
    return bool(weeks)


def _weeks(session: Session, query: str, **parameters: int) -> list[date]:
    """Return the weeks that `query` finds, to be changed in this transaction; none while another cleanup is at it."""
    session.execute(WAIT_BRIEFLY)
    alone = session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
    return [row.week for row in run(session, query, **parameters)] if alone else []


def clean(session: Session, days: int, failed_days: int, hours: int, limit: int = 10_000) -> int:
    """Delete up to `limit` jobs, and as many kept answers, that are past their retention; return how many.

    As many rows of waits are deleted, and folded, which counts as well.
    """
    jobs = run(session, "clean_jobs", days=days, failed_days=failed_days, limit=limit)
    keys = run(session, "clean_idempotency_keys", hours=hours, limit=limit)
    run(session, "fold_statistics")
    waits = [run(session, name, limit=limit) for name in ("clean_waits", "fold_waits")]
    return len(jobs) + len(keys) + sum(map(len, waits))

"""The clock of the database, which decides when each job is due, and may be put back."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries import run

JOBS_AT_ONCE = 10_000


def now(session: Session) -> datetime:
    """Return what the clock says at this moment, not as the transaction began."""
    return session.scalars(select(func.clock_timestamp())).one()


def seconds_behind(session: Session) -> float:
    """Note how far the clock has come; return how many seconds it is behind the last note, 0.0 if it is not."""
    return run(session, "see_clock", realigned=False)[0].behind


def realign(session: Session, lease: float) -> float | None:
    """Make all that waits due as was meant when the clock was ahead; return by how many seconds it was put back.

    Leases last `lease` seconds. Return None if another transaction does so already.
    """
    rows = run(session, "begin_realignment")
    if not rows:
        return None
    step, last = max(0.0, rows[0].behind), 0
    run(session, "realign_others", step=step)  # before the jobs: whoever records a run locks in this order
    while last is not None:
        last = run(session, "realign", after=last, limit=JOBS_AT_ONCE, step=step, lease=lease)[0].last
    run(session, "see_clock", realigned=True)
    return step

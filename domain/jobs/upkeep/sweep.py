"""Puts right from time to time: jobs whose worker has died, entries that do not fit their jobs; and wakes schedules."""

from db import jobs as job_rows
from db import outbox
from db.transaction import statement
from domain.events import sequencing
from domain.jobs.dispatch.pacing import PacedScan
from domain.jobs.upkeep.clock import follow_clock
from domain.mailboxes import owing
from domain.schedules import waking

_mends = PacedScan()


def keep_up() -> None:
    """Sweep the jobs whose lease has run out, mend the outbox, owe numbers of events that nobody owed, wake schedules.

    A mend that has become slow is made less often.
    """
    with statement() as session:
        job_rows.sweep(session)
    follow_clock()
    if _mends.due:
        with statement() as session, _mends.timed():
            outbox.mend(session)
    sequencing.owe_forgotten()
    waking.wake()
    owing.owe_due()

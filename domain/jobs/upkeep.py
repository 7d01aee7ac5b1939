"""What is put right from time to time: jobs whose worker has died, and entries that do not fit their jobs."""

from db import outbox, queue
from db.transaction import statement
from domain.jobs.spacing import Spaced

_mends = Spaced()


def keep_up() -> None:
    """Sweep the jobs whose lease has run out and mend the outbox, less often while that is dear."""
    with statement() as session:
        queue.sweep(session)
    if _mends.due:
        with statement() as session, _mends.timed():
            outbox.mend(session)

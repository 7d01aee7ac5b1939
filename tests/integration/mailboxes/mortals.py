"""Workers that read a mailbox and die, each anywhere."""

import random

from counterfoil.crashkit.fuse import NEVER, killed_at
from counterfoil.crashkit.recovery import TIME_PASSES
from db import jobs as job_rows
from db.transaction import statement
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import FINISHED
from domain.jobs.registry import find
from domain.mailboxes.owing import KIND
from tests import chain

# So many points a run over a few mails passes, and some more.
MAX_POINT = 100


def read_by_mortals(job_id: int, chance: random.Random, deaths: int) -> None:
    """Have the job run by workers of which so many die, until it has ended."""
    kind = find(KIND)
    chain.ask("UPDATE open_jobs SET max_attempts = 1000 WHERE id = %s", job_id)
    for death in range(deaths + 20):
        with statement() as session:
            [job] = job_rows.states(session, [job_id])
        if job.status in FINISHED:
            return
        chain.ask(TIME_PASSES)
        with statement() as session:
            job_rows.sweep(session, whole=True)
        killed_at(chance.randrange(MAX_POINT) if death < deaths else NEVER, lambda: run_jobs(kind, [job_id]))
    raise AssertionError("the job has not ended")

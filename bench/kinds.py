import time
from collections.abc import Sequence

from domain.jobs.work import ClaimedJob, Context, Outcome, job


@job("bench.slow")
def slow(context: Context, job: ClaimedJob) -> None:
    """Take the payload's seconds and do nothing."""
    time.sleep(job.payload["seconds"])


@job("bench.noop", group=500)
def noop(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    """Do nothing at all, 500 at a time."""
    return [{} for _ in jobs]

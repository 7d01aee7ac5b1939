import time

from db.queue import ClaimedJob
from domain.jobs.registry import Context, job


@job("bench.slow")
def slow(context: Context, job: ClaimedJob) -> None:
    """Take the payload's seconds and do nothing."""
    time.sleep(job.payload["seconds"])

from domain.jobs.bulk import RETRY
from domain.jobs.retrying import walk
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(RETRY, everywhere=True, permission="jobs:retry", max_attempts=5, backoff=5.0)
def retry_jobs(context: Context, claimed: ClaimedJob) -> Steps:
    """Each job of the payload is tried again at most once; or this job says why it stopped."""
    return (yield from walk(context, claimed))

from domain.jobs.bulk import CANCEL
from domain.jobs.cancelling import walk
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(CANCEL, permission="jobs:cancel-own", max_attempts=5, backoff=5.0)
def cancel_jobs(context: Context, claimed: ClaimedJob) -> Steps:
    """No job of the payload begins any more, and each that runs is asked to stop."""
    return (yield from walk(context, claimed))

from collections.abc import Sequence

from domain.jobs.lanes import IO
from domain.jobs.work import ClaimedJob, Context, Errand, job
from domain.webhooks.fan_out import KIND
from domain.webhooks.schedule import MAX_ATTEMPTS
from domain.webhooks.sending import Sending


@job(KIND, outside=True, lane=IO, group=50, by_key=True, max_attempts=MAX_ATTEMPTS)
def deliver(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """Each event is sent to its webhook at least once, under one id, or its failure is recorded."""
    sending = Sending(jobs)
    try:
        if nothing := sending.prepare(context.session):
            return nothing
        attempts = yield sending.send
        return sending.record(context.session, attempts)
    finally:
        sending.close()

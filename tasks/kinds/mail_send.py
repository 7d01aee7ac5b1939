from collections.abc import Sequence

from domain.jobs.lanes import IO
from domain.jobs.work import ClaimedJob, Context, Errand, job
from domain.mail.delivery import Delivery
from domain.mail.schedule import MAX_ATTEMPTS
from domain.mail.sending import KIND


@job(KIND, outside=True, lane=IO, max_attempts=MAX_ATTEMPTS)
def send_mail(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """The relay takes the mail at least once for each recipient, under one Message-ID, or its refusal is recorded."""
    delivery = Delivery(jobs[0])
    try:
        if outcome := delivery.prepare(context.session):
            return [outcome]
        done = yield delivery.send
        return [delivery.record(context.session, done)]
    finally:
        delivery.close()

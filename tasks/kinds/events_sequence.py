import random
from collections.abc import Sequence

from domain.automations.triggering import trigger
from domain.events.telling import KIND
from domain.jobs.admission import TooManyWaiting, admission
from domain.jobs.work import ClaimedJob, Context, Later, Outcome, job
from domain.webhooks.fan_out import sequence


# By key: one organization's webhooks, or who changes them, hold up no other's events.
@job(KIND, group=200, by_key=True, max_attempts=10, backoff=5.0)
def sequence_events(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    """The events that are committed have their numbers; jobs that find nothing left are done as well.

    While as many jobs wait as may, events wait as well: each may owe a delivery for each webhook, and a run for each
    automation.
    """
    [organization_id] = {one.organization_id for one in jobs}
    try:
        admission.admit(context.session, organization_id)
    except TooManyWaiting as full:
        return [Later(full.pause * random.uniform(1, 2))] * len(jobs)  # noqa: S311
    batch = sequence(context.session, organization_id)
    if batch.automated:
        trigger(context.session, organization_id, batch.events)
    return [{}] * len(jobs)

from collections.abc import Sequence

from domain.events.telling import KIND
from domain.jobs.work import ClaimedJob, Context, Outcome, job
from domain.webhooks.fan_out import sequence


# By key: one organization's webhooks, or who changes them, hold up no other's events.
@job(KIND, group=200, by_key=True, max_attempts=10, backoff=5.0)
def sequence_events(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    """The events that are committed have their numbers; jobs that find nothing left are done as well."""
    for organization_id in sorted({one.organization_id for one in jobs}):
        sequence(context.session, organization_id)
    return [{}] * len(jobs)

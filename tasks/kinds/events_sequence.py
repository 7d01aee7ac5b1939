from collections.abc import Sequence

from domain.events import sequencing
from domain.events.telling import KIND
from domain.jobs.work import ClaimedJob, Context, Outcome, job
from domain.webhooks.fan_out import fan_out


@job(KIND, group=200, max_attempts=10, backoff=5.0)
def sequence_events(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    """The events that are committed have their numbers; jobs that find nothing left are done as well."""
    organizations = sorted({job.organization_id for job in jobs})
    for organization_id in organizations:
        sequencing.sequence(context.session, organization_id, fan_out)
    return [{}] * len(jobs)

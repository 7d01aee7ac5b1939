from collections.abc import Sequence

from domain.automations.runs import perform, submit_slot
from domain.automations.triggering import KIND
from domain.jobs.work import ClaimedJob, Context, Outcome, job

BACKOFF_S = 5.0


@job(KIND, group=20, max_attempts=3, backoff=BACKOFF_S, submit=submit_slot)
def run_automations(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    """Each run has done all its actions once, or says which was refused and why."""
    return perform(context.session, jobs, BACKOFF_S)

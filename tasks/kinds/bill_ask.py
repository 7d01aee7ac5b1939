from collections.abc import Sequence

from domain.bills.processing import Processing
from domain.bills.status import ASK
from domain.jobs.lanes import IO
from domain.jobs.work import ClaimedJob, Context, Errand, job


@job(ASK, outside=True, lane=IO, max_attempts=5)
def ask_providers(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """A provider outside reads the pages of a bill, or its fields."""
    processing = Processing(ASK, jobs)
    if nothing := processing.prepare(context.session):
        return nothing
    results = yield processing.perform
    return processing.record(context.session, results)

import random
from collections.abc import Sequence

from domain.bills import providers
from domain.bills.processing import Processing
from domain.bills.status import ASK
from domain.jobs.lanes import IO
from domain.jobs.work import ClaimedJob, Context, Errand, Later, job
from domain.shares import OverShare

ONE_MORE_S = 2.0


@job(ASK, outside=True, lane=IO, max_attempts=8)
def ask_providers(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """A provider outside reads the pages of a bill, or its fields."""
    try:
        give_back = providers.places().take(jobs[0].organization_id)
    except OverShare:
        return [Later(ONE_MORE_S * random.uniform(0.5, 1.5)) for _ in jobs]  # noqa: S311
    try:
        processing = Processing(ASK, jobs)
        if nothing := processing.prepare(context.session):
            return nothing
        results = yield processing.perform
        return processing.record(context.session, results)
    finally:
        give_back()

from collections.abc import Sequence

from domain.bills.processing import Processing
from domain.bills.status import SCAN
from domain.jobs.lanes import OCR
from domain.jobs.work import ClaimedJob, Context, Errand, job


@job(SCAN, outside=True, lane=OCR, max_attempts=8)
def scan_bill(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """The pages of a scanned bill are read here, some a run, and each once."""
    processing = Processing(SCAN, jobs)
    if nothing := processing.prepare(context.session):
        return nothing
    results = yield processing.perform
    return processing.record(context.session, results)

from collections.abc import Sequence

from domain.bills.processing import Processing
from domain.bills.review import submit
from domain.bills.status import PROCESS
from domain.jobs.work import ClaimedJob, Context, Errand, job

SCHEMA = {
    "type": "object",
    "properties": {"invoiceId": {"type": "integer", "minimum": 1, "description": "The bill that is read again."}},
    "required": ["invoiceId"],
    "additionalProperties": False,
}


@job(PROCESS, outside=True, group=50, max_attempts=8, schema=SCHEMA, permission="bills:review", submit=submit)
def process_bills(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """Each bill is read by its XML or text, or handed on to those who look at its pages."""
    processing = Processing(PROCESS, jobs)
    if nothing := processing.prepare(context.session):
        return nothing
    results = yield processing.perform
    return processing.record(context.session, results)

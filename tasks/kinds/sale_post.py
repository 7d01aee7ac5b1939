from functools import partial

from domain.inventory.movement import submit, walk
from domain.inventory.steps import POST
from domain.inventory.undoing import cancelled
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(
    POST.kind,
    schema=POST.schema,
    permission="sales:create",
    submit=partial(submit, POST),
    cancelled=partial(cancelled, POST),
)
def post_sale(context: Context, claimed: ClaimedJob) -> Steps:
    """Each line of the sale leaves the stock exactly once; then the sale is completed."""
    return (yield from walk(POST, context, claimed))

from functools import partial

from domain.inventory.steps import POST
from domain.inventory.undoing import submit, walk
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(POST.undo_kind, schema=POST.undo_schema, permission="sales:create", submit=partial(submit, "sale"))
def undo_sale(context: Context, claimed: ClaimedJob) -> Steps:
    """Each line that a half done step has moved goes back exactly once; then the sale is as before the step."""
    return (yield from walk("sale", context, claimed))

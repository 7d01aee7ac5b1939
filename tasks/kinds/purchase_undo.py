from functools import partial

from domain.inventory.steps import APPROVE
from domain.inventory.undoing import submit, walk
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(APPROVE.undo_kind, schema=APPROVE.undo_schema, permission="purchases:approve", submit=partial(submit, "purchase"))
def undo_purchase(context: Context, claimed: ClaimedJob) -> Steps:
    """Each line that a half done step has moved goes back exactly once; then the purchase is as before the step."""
    return (yield from walk("purchase", context, claimed))

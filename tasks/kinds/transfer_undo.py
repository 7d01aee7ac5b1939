from functools import partial

from domain.inventory.steps import SEND
from domain.inventory.undoing import submit, walk
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(SEND.undo_kind, schema=SEND.undo_schema, permission="transfers:send", submit=partial(submit, "transfer"))
def undo_transfer(context: Context, claimed: ClaimedJob) -> Steps:
    """Each line that a half done step has moved goes back exactly once; then the transfer is as before the step."""
    return (yield from walk("transfer", context, claimed))

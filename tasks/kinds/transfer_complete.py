from functools import partial

from domain.inventory.movement import submit, walk
from domain.inventory.steps import COMPLETE
from domain.inventory.undoing import cancelled
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(
    COMPLETE.kind,
    schema=COMPLETE.schema,
    permission="transfers:complete",
    submit=partial(submit, COMPLETE),
    cancelled=partial(cancelled, COMPLETE),
)
def complete_transfer(context: Context, claimed: ClaimedJob) -> Steps:
    """Each line arrives exactly once, with the value that it left with; then the transfer is completed."""
    return (yield from walk(COMPLETE, context, claimed))

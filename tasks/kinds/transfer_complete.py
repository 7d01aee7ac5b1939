from functools import partial

from db.queue import ClaimedJob
from domain.inventory.movement import submit, walk
from domain.inventory.steps import COMPLETE
from domain.jobs.registry import Context, Steps, job


@job("transfer.complete", schema=COMPLETE.schema, submit=partial(submit, COMPLETE))
def complete_transfer(context: Context, document: ClaimedJob) -> Steps:
    """Each line arrives exactly once, with the value that it left with; then the transfer is completed."""
    return (yield from walk(COMPLETE, context, document))

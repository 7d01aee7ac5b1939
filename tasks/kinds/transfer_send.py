from functools import partial

from db.queue import ClaimedJob
from domain.inventory.movement import submit, walk
from domain.inventory.steps import SEND
from domain.jobs.registry import Context, Steps, job


@job("transfer.send", schema=SEND.schema, submit=partial(submit, SEND))
def send_transfer(context: Context, document: ClaimedJob) -> Steps:
    """Each line of the transfer leaves its source exactly once; then the transfer is sent."""
    return (yield from walk(SEND, context, document))

from functools import partial

from domain.inventory.movement import submit, walk
from domain.inventory.steps import SEND
from domain.inventory.undoing import cancelled
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(
    SEND.kind,
    schema=SEND.schema,
    permission="transfers:send",
    submit=partial(submit, SEND),
    cancelled=partial(cancelled, SEND),
)
def send_transfer(context: Context, claimed: ClaimedJob) -> Steps:
    """Each line of the transfer leaves its source exactly once; then the transfer is sent."""
    return (yield from walk(SEND, context, claimed))

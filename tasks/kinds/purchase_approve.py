from functools import partial

from domain.inventory.movement import submit, walk
from domain.inventory.steps import APPROVE
from domain.inventory.undoing import cancelled
from domain.jobs.work import ClaimedJob, Context, Steps, job


@job(
    APPROVE.kind,
    schema=APPROVE.schema,
    permission="purchases:approve",
    submit=partial(submit, APPROVE),
    cancelled=partial(cancelled, APPROVE),
)
def approve_purchase(context: Context, claimed: ClaimedJob) -> Steps:
    """Each line of the purchase comes into the stock exactly once, at its cost; then the purchase is approved."""
    return (yield from walk(APPROVE, context, claimed))

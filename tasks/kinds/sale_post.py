from functools import partial

from db.queue import ClaimedJob
from domain.inventory.movement import submit, walk
from domain.inventory.steps import POST
from domain.jobs.registry import Context, Steps, job


@job("sale.post", schema=POST.schema, submit=partial(submit, POST))
def post_sale(context: Context, document: ClaimedJob) -> Steps:
    """Each line of the sale leaves the stock exactly once; then the sale is completed."""
    return (yield from walk(POST, context, document))

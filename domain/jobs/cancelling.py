"""Many jobs are cancelled, some a step."""

from contextlib import suppress

from db.jobs import ClaimedJob
from domain.errors import Conflict, NotFound
from domain.jobs import bulk, catalogue
from domain.jobs.work import Context, Progress, Steps

STEP = 20


def walk(context: Context, job: ClaimedJob) -> Steps:
    """Cancel each job of the payload that has not ended, or ask its worker to; what has ended is left alone.

    What others asked for is cancelled while the owner may cancel any job.
    """
    ids = job.payload["jobs"]
    for start in range(context.cursor, len(ids), STEP):
        owner = bulk.owner(context.session, job)
        owner.require(["jobs:cancel-own"])
        step = ids[start : start + STEP]
        found = catalogue.several(context.session, job.organization_id, step)
        for one in sorted(found, key=lambda one: one.id):
            if owner.may("jobs:cancel") or one.created_by == owner.actor:
                with suppress(Conflict, NotFound):
                    catalogue.cancel(context.session, job.organization_id, one.id)
        yield Progress(start + len(step), len(ids))
    return {"jobs": len(ids)}

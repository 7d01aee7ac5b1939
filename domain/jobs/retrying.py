"""Failed jobs are tried again, many of them: first a few canaries, then so many a second, until they fail again.

Each turn is one commit and a pause. Nothing is remembered but how many were put back into the queue: what came of them
is read from their own rows.
"""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import jobs as job_rows
from db.jobs import ClaimedJob, Outcomes
from db.models import Job
from domain.errors import PermanentError
from domain.jobs import bulk
from domain.jobs.work import Context, Later, Progress, Steps

PAUSE_S = 1.0
# So many seconds' worth is under way at most, so that failures are seen before much more has been put back.
AHEAD_S = 10
# After the canaries, more than half of so many at least must have failed: one or two that do stop nothing.
DECISIVE = 5


def walk(context: Context, job: ClaimedJob) -> Steps:
    """Put each job of the payload back into the queue at most once, and no more of them once most fail again."""
    ids, canary, rate = job.payload["jobs"], job.payload["canary"], job.payload["perSecond"]
    done, everywhere = context.cursor, job.payload.get("everywhere", False)
    bulk.owner(context.session, job).require([
        "jobs:retry", "installation:manage" if everywhere else None, *bulk.permissions_for(job.payload["kinds"]),
    ])  # fmt: skip
    ahead = max(canary, rate * AHEAD_S)
    lately = job_rows.outcomes(context.session, job.id, ids[max(0, done - ahead) : done])
    _stop_if_they_fail(lately, canary if done <= canary else DECISIVE, len(ids) - done)
    if done == len(ids) and not lately.under_way:
        ended = job_rows.outcomes(context.session, job.id, ids)
        return {"jobs": len(ids), "completed": ended.completed, "failedAgain": ended.failed}
    if batch := _batch(ids, done, canary, rate, lately):
        _requeue(context.session, None if everywhere else job.organization_id, batch)
        yield Progress(done + len(batch), len(ids))
    return Later(PAUSE_S)


def _stop_if_they_fail(lately: Outcomes, decisive: int, left: int) -> None:
    """Raise PermanentError if more than half of `decisive` jobs, or of all that have run lately, failed again."""
    run = lately.completed + lately.failed
    if 2 * lately.failed > max(run, decisive):
        told = f"of the {run} jobs that ran again last, {lately.failed} failed again; {left} were left alone"
        raise PermanentError(f"stopped by itself: {told}")


def _batch(ids: Sequence[int], done: int, canary: int, rate: int, lately: Outcomes) -> Sequence[int]:
    """Return which jobs are put back in this turn: none before the canaries have run, or while too many wait."""
    if done < canary:
        return ids[done:canary]
    waits = lately.under_way if done == canary else lately.under_way >= rate * AHEAD_S
    return [] if waits else ids[done : done + rate]


def _requeue(session: Session, organization_id: int | None, ids: Sequence[int]) -> None:
    """Put jobs of an organization back, or for None those of all: what has been tried again meanwhile is left alone."""
    found = select(Job.organization_id, Job.id).where(Job.id.in_(ids)).order_by(Job.organization_id, Job.id)
    if organization_id is not None:
        found = found.where(Job.organization_id == organization_id)
    for owner_id, rows in groupby(session.execute(found), key=lambda row: row.organization_id):
        job_rows.requeue(session, owner_id, *(row.id for row in rows))

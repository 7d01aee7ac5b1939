"""Many jobs touched by one act: it is counted first, then done by a job of its own, which shows how far it has come.

The payload names the jobs that the count has found, so no other is touched, and each once: how many of them are done is
the job's progress, which is kept in the commit that touches them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.jobs import ClaimedJob
from db.transaction import savepoint, violated
from domain.errors import Conflict, Invalid, PermanentError, say
from domain.events import telling
from domain.identity import permissions
from domain.jobs import catalogue, submission
from domain.jobs.lifecycle import UNFINISHED, Status
from domain.jobs.registry import permission_for

RETRY, CANCEL = "jobs.retry", "jobs.cancel"
BULK = (RETRY, CANCEL)
# The index that has one job of a key wait or run, of two that come at once as well.
ONE_OF_A_KEY = "jobs_unique_key_idx"
# By an act that names no fingerprint.
MATCHING = "matching"
# So many jobs are touched by one act.
MAX_JOBS = 10_000
# Jobs a second that are tried again.
RATE, MAX_RATE = 10, 100
# What each act can be done to.
TOUCHED: Mapping[str, frozenset[Status]] = {
    RETRY: frozenset({Status.FAILED, Status.CANCELLED}),
    CANCEL: UNFINISHED,
}


class Selection(NamedTuple):
    """The jobs that an act would touch, oldest first, and how many of each kind; all of them if it is `complete`."""

    job_ids: list[int]
    kinds: Mapping[str, int]
    complete: bool

    @property
    def canary(self) -> int:
        """Return how many are tried again before all others: 1 %, and at least one."""
        return -(-len(self.job_ids) // 100)


def select(session: Session, organization_id: int, act: str, filters: Mapping[str, Any]) -> Selection:
    """Return the oldest jobs of an organization that match and that the act can be done to.

    To try again are failed ones, unless the filters say so. The jobs of such acts themselves are left out, and from
    what is cancelled the numbering of events, without which all webhooks would wait.
    """
    states = TOUCHED[act] & ({filters["status"]} if "status" in filters else _usual(act))
    others = [*filters.get("other_kinds_than", ()), *BULK, *([telling.KIND] if act == CANCEL else [])]
    wanted = {**filters, "status": sorted(states), "other_kinds_than": others}
    rows = catalogue.oldest(session, organization_id, wanted, MAX_JOBS + 1)
    chosen = rows[:MAX_JOBS]
    return Selection([row.id for row in chosen], Counter(row.kind for row in chosen), len(rows) <= MAX_JOBS)


def owe(session: Session, organization_id: int, act: str, selection: Selection, unique_key: str, **terms: Any) -> int:
    """Owe the job that does an act to the jobs of a selection; `terms` are the other fields of its payload.

    Of one key, one at a time waits or runs. Raise Conflict if one does, or Invalid if there is nothing to do.
    """
    if not selection.job_ids:
        raise Invalid("no job matches: there is nothing to do")
    payload = {"jobs": selection.job_ids, "kinds": sorted(selection.kinds), **terms}
    terms_of_job = {"total": len(selection.job_ids), "unique_key": unique_key}
    try:
        with savepoint(session):
            [job_id] = submission.enqueue(session, organization_id, act, [("", payload)], **terms_of_job)
    except DBAPIError as error:
        holder = violated(error) == ONE_OF_A_KEY and submission.holder(session, organization_id, act, unique_key)
        if not holder:
            raise
        told = say("job %(id)s is at it: wait until it has ended, or cancel it", id=holder)
        raise Conflict(told, jobId=holder) from None
    return job_id


class Owner(NamedTuple):
    """Who asked for a bulk act, and may do what `held` says now: everything if it was Counterfoil itself."""

    actor: str | None
    held: frozenset[str] | None

    def may(self, permission: str) -> bool:
        return self.actor is None or (self.held is not None and permission in self.held)

    def require(self, wanted: Sequence[str | None]) -> None:
        """Raise PermanentError for the first permission that is lacking."""
        for permission in wanted:
            if permission and not self.may(permission):
                raise PermanentError(
                    f"{self.actor}, which asked for this, may not do it any more: it takes {permission}"
                )


def owner(session: Session, job: ClaimedJob) -> Owner:
    """Return who asked for a job, with what that caller may do at the moment."""
    actor = catalogue.get(session, job.organization_id, job.id).created_by
    return Owner(actor, permissions.of_actor(session, job.organization_id, actor) if actor else None)


def permissions_for(kinds: Sequence[str]) -> list[str]:
    """Return what submitting jobs of the kinds takes."""
    return sorted({permission for kind in kinds if (permission := permission_for(kind))})


def _usual(act: str) -> frozenset[Status]:
    return frozenset({Status.FAILED}) if act == RETRY else TOUCHED[act]

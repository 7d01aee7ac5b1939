"""Failed jobs in groups that failed alike: of one kind, their errors differ only in numbers, ids and quoted texts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from db import jobs as job_rows
from db.jobs import FailureGroup
from domain.errors import NotFound
from domain.jobs.bulk import BULK, RETRY, Selection, owe

# Groups are made of so many failed jobs, the newest; and so many groups are shown, those that failed last.
MAX_FAILED, MAX_GROUPS = 10_000, 200


def groups(session: Session, organization_id: int | None, among: int | None = None) -> Sequence[FailureGroup]:
    """Return the groups of the newest failed jobs of an organization, or of all for None, which failed last first.

    The newest `among` failed jobs are looked at, MAX_FAILED unless it is given.
    """
    return _groups(session, organization_id, failed=among or MAX_FAILED)


def group(session: Session, organization_id: int | None, fingerprint: str) -> FailureGroup:
    """Return one group with the ids of its jobs; raise NotFound once none of them is failed any more."""
    return _only(_groups(session, organization_id, fingerprint=fingerprint))


def fingerprint_of(session: Session, organization_id: int, job_id: int) -> str:
    """Return which group a failed job is of; raise NotFound if it has not failed, or long before many others."""
    return _only(_groups(session, organization_id, job_id=job_id)).fingerprint


def retry(session: Session, organization_id: int, found: FailureGroup, rate: int, everywhere: bool) -> int:
    """Owe the job that tries a group's jobs again, at `rate` a second after the canaries; return its id.

    The job is the organization's; `everywhere` says that the group is of all organizations. Raise Conflict if it is
    tried again already.
    """
    selection = selected(found)
    terms = {"canary": selection.canary, "perSecond": rate, "everywhere": everywhere, "shape": found.shape}
    return owe(session, organization_id, RETRY, selection, found.fingerprint, **terms)


def selected(found: FailureGroup) -> Selection:
    """Return the jobs of a group that was asked for alone."""
    return Selection(found.job_ids or [], {found.kind: found.jobs}, is_complete(found))


def _only(found: Sequence[FailureGroup]) -> FailureGroup:
    if not found:
        raise NotFound("no failed job is of this group: all were tried again, or are past their retention")
    return found[0]


def is_complete(found: FailureGroup) -> bool:
    """Tell whether all failed jobs were looked at for the group, or so many of them that there may be more."""
    return found.failed < MAX_FAILED


def _groups(session: Session, organization_id: int | None, **which: Any) -> list[FailureGroup]:
    terms = {"fingerprint": None, "job_id": None, "failed": MAX_FAILED, "groups": MAX_GROUPS, **which}
    return job_rows.group_failures(session, organization_id, other_kinds_than=list(BULK), **terms)

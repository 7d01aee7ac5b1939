"""Failed jobs, by what failed; and all that failed alike tried again."""

from collections.abc import Sequence
from contextlib import suppress

from flask import g, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api.http.changes import change
from api.http.kinds import require_kind
from console import forms
from console.lists import LARGEST_ID, ROWS, after, listed
from console.pages import Pages, lead_to
from db.models import Job
from db.transaction import report
from domain.errors import NotFound
from domain.jobs import catalogue, failures
from domain.jobs.bulk import MAX_RATE, RATE
from domain.jobs.failures import MAX_FAILED

failures_pages = Pages("failures", __name__)


@failures_pages.page("/failures", "jobs:read")
def list_failures():
    """Show the groups of failed jobs that failed alike."""
    with report() as session:
        groups = failures.groups(session, _whose("installation:read"))
    complete = all(map(failures.is_complete, groups))
    return render_template(
        "failures.html", groups=groups, everywhere=_everywhere(), most=None if complete else MAX_FAILED
    )


@failures_pages.page("/failures/<fingerprint>", "jobs:read")
def show_failure(fingerprint: str):
    """Show a group, its own jobs newest first, and the form by which all are tried again."""
    with report() as session:
        found = failures.group(session, _whose("installation:read"), fingerprint)
        jobs = _newest(session, _own(session, fingerprint) if _everywhere() else found.job_ids or [])
    return render_template(
        "failure.html", group=found, jobs=listed(jobs), everywhere=_everywhere(), selection=failures.selected(found),
        rate=RATE, max_rate=MAX_RATE,
    )  # fmt: skip


@failures_pages.page("/failures/of/<row_id:job_id>", "jobs:read")
def find_failure(job_id: int) -> Response:
    """Lead to the group of a failed job."""
    with report() as session:
        fingerprint = failures.fingerprint_of(session, g.organization_id, job_id)
    return lead_to("failures.show_failure", fingerprint=fingerprint)


@failures_pages.act("/failures/<fingerprint>/retry", "jobs:retry", back=show_failure)
def retry_failures(fingerprint: str) -> Response:
    """Have all jobs of the group tried again by a job, which leads to its page."""
    rate = forms.whole("per_second", MAX_RATE) or RATE
    with change() as session:
        found = failures.group(session, _whose("installation:manage"), fingerprint)
        require_kind(found.kind)
        job_id = failures.retry(session, g.organization_id, found, rate, _everywhere())
    return lead_to("jobs.show_job", "bulk", job_id=job_id)


def _own(session: Session, fingerprint: str) -> Sequence[int]:
    """Return the ids of those jobs of a group that are the reader's organization's: no other's can be opened."""
    with suppress(NotFound):
        return failures.group(session, g.organization_id, fingerprint).job_ids or []
    return []


def _newest(session: Session, ids: Sequence[int]) -> Sequence[Job]:
    """Return the jobs of this page, newest first, and one more."""
    before = after() or LARGEST_ID
    wanted = [one for one in reversed(ids) if one < before][: ROWS + 1]
    return sorted(catalogue.several(session, g.organization_id, wanted), key=lambda job: -job.id)


def _everywhere() -> bool:
    """Tell whether the page is about the jobs of all organizations."""
    return "everywhere" in request.args


def _whose(permission: str) -> int | None:
    """Return the organization whose jobs the page is about, None for all, which takes the permission."""
    if not _everywhere():
        return int(g.organization_id)
    g.caller.require(permission)
    return None

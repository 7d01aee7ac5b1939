"""Jobs: found, watched to their end, cancelled and tried again; one, or all that match."""

from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.http.changes import change
from api.http.kinds import kinds_beyond, require_kind
from console import forms
from console.codes import told
from console.events import written
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from console.subjects import address
from console.subjects import told as noun
from db.transaction import report, transaction
from domain.identity.names import names
from domain.jobs import bulk, catalogue
from domain.jobs.bulk import CANCEL, MAX_RATE, RATE, RETRY, Selection
from domain.jobs.lifecycle import FINISHED, Status
from domain.jobs.monitoring import explanation
from domain.jobs.monitoring.timeline import made, timeline
from domain.jobs.redaction import redacted
from domain.jobs.registry import kinds

jobs_pages = Pages("jobs", __name__)
# In the address of a list, what says which rows it has.
FILTERS = ("status", "type", "mine", "created_from", "created_until")


@jobs_pages.page("/jobs", "jobs:read")
def list_jobs():
    """Show the jobs that match, newest first; the id of a job leads to it."""
    if wanted := request.args.get("id", "").strip():
        return redirect(url_for("jobs.show_job", job_id=wanted) if wanted.isdecimal() else url_for("jobs.list_jobs"))
    organization_id = _whose()
    with report() as session:
        found = listed(catalogue.page(session, organization_id, _filters(), after(), ROWS + 1))
    states = [(one.lower(), told(one)) for one in Status]
    own = organization_id == g.organization_id
    return render_template("jobs.html", jobs=found, kinds=_kinds(), states=states, filters=_given(), own=own)


@jobs_pages.page("/jobs/<row_id:job_id>", "jobs:read")
def show_job(job_id: int):
    """Show one job: why it is where it is, its way, each attempt, and what it is about."""
    with transaction() as session:
        job = catalogue.get(session, g.organization_id, job_id)
        attempts = catalogue.attempts(session, job)
        explained = explanation.explain(session, job)
        moments = timeline(session, job, attempts, explained.published_at)
        things = made(session, job)
        known = names(session, g.organization_id, [job.created_by])
    mine = job.created_by == g.caller.actor
    return render_template(
        "job.html",
        job=job,
        attempts=attempts,
        explained=None if job.status in FINISHED else explained,
        trace_id=explained.trace_id,
        moments=moments,
        names=known,
        things=things,
        group=job.unique_key if job.kind == RETRY and "shape" in job.payload else None,
        noun=noun,
        address=address,
        payload=written(redacted(job.kind, job.payload)),
        result=job.result and written(redacted(job.kind, job.result)),
        may_cancel=job.status not in FINISHED and (mine or g.caller.may("jobs:cancel")),
        may_retry=job.status in (Status.FAILED, Status.CANCELLED) and g.caller.may("jobs:retry"),
    )


@jobs_pages.act("/jobs/<row_id:job_id>/cancel", "jobs:cancel-own", back=show_job)
def cancel_job(job_id: int) -> Response:
    """Cancel a job; what it has done stays done."""
    with change() as session:
        if catalogue.get(session, g.organization_id, job_id).created_by != g.caller.actor:
            g.caller.require("jobs:cancel")
        catalogue.cancel(session, g.organization_id, job_id)
    return lead_to("jobs.show_job", "cancelled", job_id=job_id)


@jobs_pages.act("/jobs/<row_id:job_id>/retry", "jobs:retry", back=show_job)
def retry_job(job_id: int) -> Response:
    """Try a failed or cancelled job again."""
    with change() as session:
        require_kind(catalogue.get(session, g.organization_id, job_id).kind)
        catalogue.requeue(session, g.organization_id, job_id)
    return lead_to("jobs.show_job", "retried", job_id=job_id)


@jobs_pages.page("/jobs/cancel", "jobs:cancel-own")
def show_cancel():
    """Show how many jobs match and would be cancelled."""
    return _count(CANCEL)


@jobs_pages.act("/jobs/cancel", "jobs:cancel-own", back=show_cancel)
def cancel_jobs() -> Response:
    """Have all jobs that match cancelled by a job, which leads to its page."""
    with change() as session:
        job_id = bulk.owe(session, g.organization_id, CANCEL, _selection(session, CANCEL), bulk.MATCHING)
    return lead_to("jobs.show_job", "bulk", job_id=job_id)


@jobs_pages.page("/jobs/retry", "jobs:retry")
def show_retry():
    """Show how many jobs match and would be tried again."""
    return _count(RETRY)


@jobs_pages.act("/jobs/retry", "jobs:retry", back=show_retry)
def retry_jobs() -> Response:
    """Have all jobs that match tried again by a job, which leads to its page."""
    rate = forms.whole("per_second", MAX_RATE) or RATE
    with change() as session:
        selection = _selection(session, RETRY)
        terms = {"canary": selection.canary, "perSecond": rate}
        job_id = bulk.owe(session, g.organization_id, RETRY, selection, bulk.MATCHING, **terms)
    return lead_to("jobs.show_job", "bulk", job_id=job_id)


def _count(act: str) -> str:
    with report() as session:
        selection = _selection(session, act)
    filters = {name: told(value) if name == "status" else value for name, value in _given().items()}
    return render_template("bulk.html", act=act, selection=selection, filters=filters, rate=RATE, max_rate=MAX_RATE)


def _selection(session: Any, act: str) -> Selection:
    """Return the jobs that match and that the caller may do the act to."""
    filters = _filters()
    if act == RETRY:
        filters["other_kinds_than"] = kinds_beyond()
    elif not g.caller.may("jobs:cancel"):
        filters["created_by"] = g.caller.actor
    return bulk.select(session, g.organization_id, act, filters)


def _whose() -> int:
    """Return the organization whose jobs are listed: another's are for operators, to whom no list opens them."""
    chosen = forms.chosen_id("organization") or g.organization_id
    if chosen != g.organization_id:
        g.caller.require("installation:read")
    return chosen


def _kinds() -> list[str]:
    return sorted(kind.name for kind in kinds())


def _given() -> dict[str, str]:
    """Return the filters of the address that say something."""
    return {name: value for name in FILTERS if (value := request.args.get(name, "").strip())}


def _filters() -> dict[str, Any]:
    """Return the filters of the page, by their names in the catalogue; an unknown word filters nothing."""
    found: dict[str, Any] = {}
    given = _given()
    if (status := given.get("status", "").upper()) in list(Status):
        found["status"] = status
    if "type" in given:
        found["kind"] = given["type"]
    if "mine" in given:
        found["created_by"] = g.caller.actor
    for name, filtered in (("created_from", "created_after"), ("created_until", "created_before")):
        if moment := forms.moment(given.get(name, "")):
            found[filtered] = moment
    return found

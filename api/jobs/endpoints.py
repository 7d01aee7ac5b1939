"""Background work of every kind: submit it, watch it, stop it, give it another try."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.kinds import kinds_beyond, require_kind
from api.http.pagination import LINK, page, place
from api.jobs import event_stream, long_poll
from api.jobs.schemas import (
    Attempt,
    CancelBody,
    Explanation,
    JobAccepted,
    JobBody,
    JobPage,
    JobState,
    KindState,
    Retried,
    RetryBody,
    Touched,
    filters,
    kind_name,
)
from api.jobs.touching import touched
from db import jobs as job_rows
from db.models import Job
from db.transaction import report, transaction
from domain.jobs import bulk, catalogue
from domain.jobs.monitoring import explanation
from domain.jobs.priorities import ranked
from domain.jobs.registry import submittable
from domain.jobs.submission import submit

PATH = "/api/v1/jobs"
jobs_api = Blueprint(
    "jobs",
    __name__,
    description="Background work of every kind: submit it, follow it, stop it, try it again.",
    url_prefix=PATH,
)


@jobs_api.route("", "jobs:create", methods=["POST"])
@jobs_api.arguments(JobBody())
@jobs_api.response(202, JobAccepted)
@jobs_api.alt_response(200, schema=JobAccepted, description="A job with that `uniqueKey` waits or runs: this one.")
@jobs_api.refuses(404, 409)
@jobs_api.idempotent
def submit_job(body: dict[str, Any]) -> Response:
    """Submit a job. Once it is accepted it ends, completed or failed with the reason.

    `listKinds` has every `type` with the schema of its payload. The answer is 202; `showJob` says how far the job
    has come.
    """

    def work(session: Session) -> Answer:
        kind = kind_name(body["type"])
        require_kind(kind)
        priority = ranked(body["priority"]) if g.caller.is_operator else body["priority"]
        terms = {name: body[name] for name in ("run_at", "unique_key") if name in body}
        submitted = submit(
            session, g.organization_id, kind, body["payload"], priority=priority, delay=body["delay_seconds"], **terms
        )
        job = catalogue.get(session, g.organization_id, submitted.job_id)
        items = f" Processing {job.total} items in background." if job.total > 1 else ""
        message = f"Job created.{items}" if submitted.new else "A job with this uniqueKey has not ended yet."
        accepted = {"jobId": job.id, "status": job.status.lower(), "message": message}
        return Answer(202 if submitted.new else 200, accepted, {"Location": f"{PATH}/{job.id}"})

    return once(work).response()


@jobs_api.route("", "jobs:read")
@jobs_api.arguments(JobPage(), location="query")
@jobs_api.response(200, JobState(many=True), headers=LINK)
def list_jobs(query: dict[str, Any]) -> Any:
    """List jobs, newest first.

    The next page is in the Link header.
    """
    with report() as session:
        mine = {"created_by": g.caller.actor} if query["mine"] else {}
        rows = catalogue.page(session, g.organization_id, filters(query) | mine, *place(query))
        return page(rows, query, JobState())


@jobs_api.route("/kinds", "jobs:read")
@jobs_api.response(200, KindState(many=True))
def list_kinds() -> Any:
    """List the kinds of job that can be submitted, each with the schema of its payload.

    A kind without a payload schema has another way in and is left out.
    """
    return submittable()


@jobs_api.route("/<row_id:job_id>", "jobs:read")
@jobs_api.response(200, JobState, headers=long_poll.HEADERS)
@long_poll.documented(jobs_api)
@jobs_api.refuses(404)
def show_job(job_id: int) -> Response:
    """Show how far a job has come.

    Poll it as often as Retry-After says, or wait for the end with `Prefer: wait=20`.
    """
    return long_poll.answer(catalogue.get, job_id, JobState())


@jobs_api.route("/<row_id:job_id>/events", "jobs:read")
@event_stream.documented(jobs_api)
@jobs_api.refuses(404)
def follow_job(job_id: int) -> Response:
    """Follow a job: an event for each change, named after its status, until it has ended.

    The stream is Server-Sent Events. It ends after ten minutes at the latest, and a browser connects again by
    itself.
    """
    return event_stream.events(catalogue.get, job_id, JobState())


@jobs_api.route("/<row_id:job_id>/explain", "jobs:read")
@jobs_api.response(200, Explanation)
@jobs_api.refuses(404)
def explain_job(job_id: int) -> Any:
    """Say why a job is not done yet, and when it may start.

    It names what stands before the job, when the job is tried again, which worker holds it, or which part is not
    running.
    """
    with transaction() as session:
        job = catalogue.get(session, g.organization_id, job_id)
        return {"job_id": job_id, "status": job.status.lower()} | explanation.explain(session, job).document()


@jobs_api.route("/<row_id:job_id>/attempts", "jobs:read")
@jobs_api.response(200, Attempt(many=True))
@jobs_api.refuses(404)
def list_attempts(job_id: int) -> Any:
    """List what each attempt came to.

    Each time that a worker takes the job is an attempt.
    """
    with transaction() as session:
        return catalogue.attempts(session, catalogue.get(session, g.organization_id, job_id))


@jobs_api.route("/<row_id:job_id>/cancel", "jobs:cancel-own", methods=["POST"])
@jobs_api.response(200, JobState)
@jobs_api.refuses(404, 409)
def cancel_job(job_id: int) -> Job:
    """Cancel a job; one that runs stops at its next checkpoint, and what it has done stays done.

    A transfer, sale or purchase that is half done is put back by a job of its own. What others asked for takes the
    permission `jobs:cancel`.

    409 if the job has ended. `retryJob` goes on with a cancelled job.
    """
    with change() as session:
        if catalogue.get(session, g.organization_id, job_id).created_by != g.caller.actor:
            g.caller.require("jobs:cancel")
        return catalogue.cancel(session, g.organization_id, job_id)


@jobs_api.route("/<row_id:job_id>/retry", "jobs:retry", methods=["POST"])
@jobs_api.response(200, JobState)
@jobs_api.refuses(404, 409)
def retry_job(job_id: int) -> Job:
    """Try a failed or cancelled job again, from where it stopped.

    The job gets all its attempts again. 409 unless it has failed or was cancelled. It takes what submitting the job
    would take as well.
    """
    with change() as session:
        require_kind(catalogue.get(session, g.organization_id, job_id).kind)
        return catalogue.requeue(session, g.organization_id, job_id)


@jobs_api.route("/retry", "jobs:retry", methods=["POST"])
@jobs_api.arguments(RetryBody())
@jobs_api.response(200, Retried)
def retry_jobs(body: dict[str, Any]) -> Any:
    """Try all failed jobs that match again, cancelled ones if you say so; or only say which these would be.

    Up to 1,000 jobs go in one call: call it again until `matched` is 0. Jobs of types that you may not submit are left
    out.
    """
    with change() as session:
        matched = catalogue.requeueable(
            session, g.organization_id, {**filters(body), "other_kinds_than": kinds_beyond()}
        )
        retried = [] if body["dry_run"] else job_rows.requeue(session, g.organization_id, *matched)
    return {"matched": len(matched), "retried": len(retried), "dry_run": body["dry_run"], "job_ids": matched}


@jobs_api.route("/cancel", "jobs:cancel-own", methods=["POST"])
@jobs_api.arguments(CancelBody())
@jobs_api.response(202, Touched)
@jobs_api.alt_response(200, schema=Touched, description="The dry run.")
@jobs_api.refuses(409)
@jobs_api.idempotent
def cancel_jobs(body: dict[str, Any]) -> Response:
    """Cancel all jobs that match, as far as they have not ended; or only say how many these would be.

    A job of type `jobs.cancel` does it, and can be cancelled itself. What others asked for is left out unless you have
    the permission `jobs:cancel`. 409 while another such job is at work.
    """

    def work(session: Session) -> Answer:
        own = {"created_by": g.caller.actor} if body["mine"] or not g.caller.may("jobs:cancel") else {}
        selection = bulk.select(session, g.organization_id, bulk.CANCEL, filters(body) | own)
        if body["dry_run"]:
            return touched(selection)
        return touched(selection, bulk.owe(session, g.organization_id, bulk.CANCEL, selection, bulk.MATCHING))

    return once(work).response()

"""Failed jobs, by what failed; and all that failed alike tried again."""

from contextlib import suppress
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.idempotency import Answer, once
from api.http.kinds import require_kind
from api.jobs.schemas import FailureGroup, FailureQuery, FailureRetryBody, Touched
from api.jobs.touching import touched
from db.transaction import report
from domain.errors import NotFound
from domain.jobs import failures
from domain.jobs.bulk import Selection

failures_api = Blueprint(
    "failures", __name__, description="Failed jobs, by what failed.", url_prefix="/api/v1/jobs/failures"
)


@failures_api.route("", "jobs:read")
@failures_api.arguments(FailureQuery(), location="query")
@failures_api.response(200, FailureGroup(many=True))
def list_failures(query: dict[str, Any]) -> Any:
    """List the groups of failed jobs that failed alike, the one that failed last first.

    Jobs are of one group if they are of one type and their errors differ only in numbers, ids and quoted texts. The
    newest 10,000 failed jobs are looked at, and up to 200 groups listed.
    """
    if query["everywhere"]:
        g.caller.require("installation:read")
    with report() as session:
        return failures.groups(session, None if query["everywhere"] else g.organization_id)


@failures_api.route("/retry", "jobs:retry", methods=["POST"])
@failures_api.arguments(FailureRetryBody())
@failures_api.response(202, Touched)
@failures_api.alt_response(200, schema=Touched, description="The dry run.")
@failures_api.refuses(404, 409)
@failures_api.idempotent
def retry_failures(body: dict[str, Any]) -> Response:
    """Try all failed jobs of a group again; or only say how many these would be.

    A job of type `jobs.retry` does it: first for 1 % of them, then for so many a second. It stops by itself, and fails
    with the reason, once more than half of those that ran again failed again. It takes what submitting the group's jobs
    would take as well. 409 while the group is tried again already.
    """
    if body["everywhere"]:
        g.caller.require("installation:manage")

    def work(session: Session) -> Answer:
        whose = None if body["everywhere"] else g.organization_id
        if body["dry_run"]:
            return touched(_selected(session, whose, body["fingerprint"]))
        found = failures.group(session, whose, body["fingerprint"])
        require_kind(found.kind)
        job_id = failures.retry(session, g.organization_id, found, body["per_second"], body["everywhere"])
        return touched(failures.selected(found), job_id)

    return once(work).response()


def _selected(session: Session, organization_id: int | None, fingerprint: str) -> Selection:
    with suppress(NotFound):
        return failures.selected(failures.group(session, organization_id, fingerprint))
    return Selection([], {}, complete=True)

from collections.abc import Mapping
from typing import Any

from domain.automations import owner
from domain.automations.actions import Acting, action
from domain.jobs.payloads import check
from domain.jobs.submission import open_kind, submit


def _check(parameters: Mapping[str, Any]) -> None:
    check(open_kind(parameters["type"]), parameters["payload"])


@action(
    "create_job",
    told="Submit a job, as POST /api/v1/jobs does.",
    permission="jobs:create",
    properties={"type": {"type": "string", "maxLength": 100}, "payload": {"type": "object"}},
    check=_check,
)
def create_job(acting: Acting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The job is there if and only if the run is over."""
    owner.require_kind(acting.session, acting.organization_id, acting.owner, parameters["type"])
    submitted = submit(acting.session, acting.organization_id, parameters["type"], parameters["payload"])
    return {"jobId": submitted.job_id}

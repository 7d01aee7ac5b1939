from collections.abc import Mapping
from typing import Any

from domain.automations import owner
from domain.automations.actions import Acting, action
from domain.jobs import catalogue


@action(
    "retry_job",
    told="Give a failed or cancelled job all its attempts again.",
    permission="jobs:retry",
    properties={"jobId": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}},
)
def retry_job(acting: Acting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The job waits again if and only if the run is over."""
    kind = catalogue.get(acting.session, acting.organization_id, parameters["jobId"]).kind
    owner.require_kind(acting.session, acting.organization_id, acting.owner, kind)
    return {"jobId": catalogue.requeue(acting.session, acting.organization_id, parameters["jobId"]).id}

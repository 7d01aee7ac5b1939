from collections.abc import Mapping
from typing import Any

from domain.automations.actions import Acting, action
from domain.automations.actions.approve_bill import ID
from domain.bills import review


@action(
    "reject_bill",
    told="Reject a bill with a reason, as POST /api/v1/bills/{id}/reject does.",
    permission="bills:approve",
    properties={"billId": ID, "reason": {"type": "string", "minLength": 1, "maxLength": 500}},
)
def reject_bill(acting: Acting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The bill is rejected if and only if the run is over."""
    bill = review.reject(acting.session, acting.organization_id, parameters["billId"], parameters["reason"])
    return {"billId": bill.id, "status": bill.status}

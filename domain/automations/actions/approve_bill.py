from collections.abc import Mapping
from typing import Any

from domain.automations.actions import Acting, action
from domain.bills import review

ID = {
    "type": "integer", "minimum": 1, "maximum": 2**63 - 1, "description": "The bill, `{{data.billId}}` for example.",
}  # fmt: skip


@action(
    "approve_bill",
    told="Approve a bill, as POST /api/v1/bills/{id}/approve does: never one that looks like another.",
    permission="bills:approve",
    properties={"billId": ID, "accountCode": {"type": "string", "maxLength": 20}},
    optional=("accountCode",),
)
def approve_bill(acting: Acting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The bill is approved and booked if and only if the run is over."""
    bill_id, account = parameters["billId"], parameters.get("accountCode")
    # Runs share a transaction, which holds suppliers of several bills: to wait for more would be a deadlock.
    bill = review.approve(acting.session, acting.organization_id, bill_id, account_code=account, waits=False)
    return {"billId": bill.id, "status": bill.status}

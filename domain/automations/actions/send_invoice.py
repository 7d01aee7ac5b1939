from collections.abc import Mapping
from typing import Any

from domain.automations.actions import Acting, action
from domain.automations.actions.send_mail import TO, check_addresses
from domain.mail import sending


@action(
    "send_invoice",
    told="Send an invoice to its client, or to the addresses in `to`, as POST /api/v1/invoices/{number}/send does.",
    permission="invoices:issue",
    properties={"invoiceNumber": {"type": "string", "maxLength": 60}, "to": TO},
    optional=("to",),
    check=check_addresses,
)
def send_invoice(acting: Acting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The mail is owed if and only if the run is over."""
    number, to = parameters["invoiceNumber"], parameters.get("to")
    mail = sending.send_invoice(acting.session, acting.organization_id, number, to=to)
    return {"mailId": mail.id, "jobId": mail.job_id}

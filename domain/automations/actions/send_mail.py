from collections.abc import Mapping
from typing import Any

from domain.automations.actions import Acting, action
from domain.mail import addresses, sending

TO = {"type": "array", "items": {"type": "string", "maxLength": 254}, "minItems": 1, "maxItems": 20}


def check_addresses(parameters: Mapping[str, Any]) -> None:
    """Raise Invalid unless each of `to` is an address."""
    addresses.distinct(parameters.get("to", ()))


def _check(parameters: Mapping[str, Any]) -> None:
    check_addresses(parameters)
    addresses.require_one_line(parameters["subject"], "subject")


@action(
    "send_mail",
    told="Send a mail, as POST /api/v1/mails does.",
    permission="invoices:issue",
    properties={
        "to": TO,
        "subject": {"type": "string", "minLength": 1, "maxLength": 200},
        "text": {"type": "string", "minLength": 1, "maxLength": sending.LONGEST_TEXT},
    },
    check=_check,
)
def send_mail(acting: Acting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The mail is owed if and only if the run is over."""
    mail = sending.send(acting.session, acting.organization_id, **parameters)
    return {"mailId": mail.id, "jobId": mail.job_id}

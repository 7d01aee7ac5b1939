"""Which mails are wanted, and the reason for each that is not."""

import pytest

from domain.mailboxes.filters import unwanted

SENDER, SUBJECT = "Shop <Billing@Shop.example>", "Your Invoice 7"


@pytest.mark.parametrize(
    ("wanted", "attachments", "reason"),
    [
        ({}, 0, None),
        ({"from": ["billing@shop.example"]}, 0, None),
        ({"from": ["@other.example", "@shop.EXAMPLE"]}, 0, None),
        ({"from": ["@other.example", "b@c"]}, 1, "its sender is none of: @other.example, b@c"),
        ({"subject": "INVOICE"}, 0, None),
        ({"subject": "receipt"}, 1, "its subject does not have: receipt"),
        ({"has_attachment": True}, 1, None),
        ({"has_attachment": True}, 0, "it has no attachment"),
        ({"from": [], "subject": None, "has_attachment": False}, 0, None),
    ],
)
def test_a_mail_is_wanted_or_it_is_said_why_not(wanted: dict, attachments: int, reason: str | None) -> None:
    assert unwanted(wanted, SENDER, SUBJECT, attachments) == reason

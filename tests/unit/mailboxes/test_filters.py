"""Which mails are wanted, and the reason for each that is not."""

import pytest

from domain.mailboxes.filters import unwanted

SENDER, SUBJECT = ["Billing@Shop.example", "ada@x.example"], "Your Invoice 7 of Mu\u0308ller\u00ad &  Co"


@pytest.mark.parametrize(
    ("wanted", "attachments", "reason"),
    [
        ({}, 0, None),
        ({"from": ["billing@shop.example"]}, 0, None),
        ({"from": ["@other.example", "@shop.EXAMPLE"]}, 0, None),
        ({"from": ["@other.example", "b@c"]}, 1, "its sender's address has none of: @other.example, b@c"),
        ({"from": ["shop <"]}, 1, "its sender's address has none of: shop <"),
        ({"subject": "INVOICE"}, 0, None),
        ({"subject": "MÜLLER & co"}, 0, None),
        ({"subject": "receipt"}, 1, "its subject does not have: receipt"),
        ({"has_attachment": True}, 1, None),
        ({"has_attachment": True}, 0, "it has no attachment"),
        ({"from": [], "subject": None, "has_attachment": False}, 0, None),
    ],
)
def test_a_mail_is_wanted_or_it_is_said_why_not(wanted: dict, attachments: int, reason: str | None) -> None:
    assert unwanted(wanted, SENDER, SUBJECT, attachments) == reason


def test_a_subject_that_nobody_would_write_is_compared_as_it_is() -> None:
    endless = "a" + "\u0301" * 1000
    assert unwanted({"subject": "b"}, SENDER, endless, 1) == "its subject does not have: b"
    assert unwanted({"from": ["@x.example"]}, [], endless, 1) == "its sender's address has none of: @x.example"

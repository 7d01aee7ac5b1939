"""Mailboxes as operations and forms take them."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.http.fields import BROKEN, ONE_LINE, Choice, Flag, Many, Text, Whole
from api.http.schema import Body
from domain.mailboxes.filters import MAX_SENDERS
from domain.text import INVISIBLE_RANGES

LONGEST_HOST, LONGEST_SECRET, LONGEST_TOKEN, MAX_URL, LAST_PORT = 253, 500, 10_000, 2000, 65535
FOLDER = rf"[^{BROKEN}]*[^\s{INVISIBLE_RANGES}][^{BROKEN}]*"
AFTER = rf"^(keep|seen|move:{FOLDER})$"
ANY_SECRET = rf"^[^{BROKEN}]+$"
ONE_SEEN = "be one line that can be seen"
CREDENTIALS_TOLD = (
    "Kept encrypted and never shown. On a PUT they stay where both are left out, unless host, port, security or user "
    "is another."
)


class MailboxOAuthBody(Body):
    EXAMPLES = {
        "A provider": {
            "tokenUrl": "https://oauth2.example.com/token", "clientId": "4711", "refreshToken": "1//09abc",
        }
    }  # fmt: skip

    token_url = Text(MAX_URL, required=True, description="Where access tokens are asked for: https.")
    client_id = Text(LONGEST_SECRET, pattern=ONE_LINE, meant=ONE_SEEN, required=True)
    client_secret = Text(LONGEST_SECRET, pattern=ANY_SECRET, meant="be one line")
    refresh_token = Text(LONGEST_TOKEN, pattern=ONE_LINE, meant=ONE_SEEN, required=True)
    scope = Text(LONGEST_SECRET, pattern=ONE_LINE, meant=ONE_SEEN)


class MailboxFilterBody(Body):
    """Which mails are wanted: those that keep to all that is given."""

    EXAMPLES = {"Bills": {"from": ["billing@example.com", "@supplier.example"], "hasAttachment": True}}

    from_ = Many(
        Text(200, required=True),
        0,
        MAX_SENDERS,
        data_key="from",
        description="Parts of addresses: one is in the sender's.",
    )
    subject = Text(200, description="Is in the subject.")
    has_attachment = Flag(load_default=False)


class MailboxBody(Body):
    EXAMPLES = {
        "With a password": {
            "name": "Bills", "host": "imap.example.com", "user": "bills@example.com", "password": "s3cret",
            "filter": {"hasAttachment": True}, "after": "seen",
        },
        "With OAuth": {
            "name": "Bills of the provider", "host": "imap.example.com", "user": "bills@example.com",
            "oauth": MailboxOAuthBody.EXAMPLES["A provider"], "everyMinutes": 5, "folder": "Bills",
            "after": "move:Read bills",
        },
    }  # fmt: skip

    name = Text(100, pattern=ONE_LINE, meant=ONE_SEEN, required=True)
    host = Text(LONGEST_HOST, required=True, description="A public server of IMAP.")
    security = Choice("tls", "starttls", load_default="tls")
    port = Whole(
        1,
        LAST_PORT,
        allow_none=True,
        description="993 for tls and 143 for starttls, unless the operator allows others.",
    )
    user = Text(200, pattern=ONE_LINE, meant=ONE_SEEN, required=True, attribute="login")
    password = Text(LONGEST_SECRET, pattern=ANY_SECRET, meant="be one line", description=CREDENTIALS_TOLD)
    oauth = fields.Nested(MailboxOAuthBody, allow_none=True, metadata={"description": CREDENTIALS_TOLD})
    folder = Text(200, pattern=f"^{FOLDER}$", meant=ONE_SEEN, load_default="INBOX")
    every_minutes = Whole(1, 10_080, load_default=15, description="How often new mails are looked for.")
    filter = fields.Nested(MailboxFilterBody, load_default=dict)
    after = Text(
        210,
        pattern=AFTER,
        meant="be keep, seen, or move: and a folder",
        load_default="keep",
        description="What is done with a mail of which bills came: keep it as it is, mark it seen, or move it.",
    )
    enabled = Flag(load_default=True, description="A mailbox that is not enabled is not read.")

    @validates_schema(skip_on_field_errors=True)
    def _has_one_way_in(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data.get("password") and data.get("oauth"):
            raise ValidationError("does not go together with password: send one of the two", "oauth")

"""Webhooks, their secrets and ranges of events as operations and forms take them."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.http.bodies.events import EVENT_TYPES, EventType
from api.http.fields import LARGEST_ID, Choice, Flag, Instant, Many, Text, Whole
from api.http.schema import Body, OptionalBody
from domain.webhooks.deliveries import Status

MAX_TYPES, MAX_HEADERS, MAX_HEADER, MAX_URL = 50, 20, 2000, 2000
LEAST_SECRET, LONGEST_SECRET = 16, 200
SIGNS_TOLD = (
    "The secret that signs. One that begins with `whsec_` goes on in base64 of 24 to 64 bytes; any other 16 to "
    "200 printable ASCII characters without a space are taken as they are. Without one, Counterfoil makes one."
)
HEADERS_TOLD = "Sent with each delivery, an Authorization for example. They are kept encrypted and not shown again."


class Secret(Text):
    """A secret that somebody else has made."""

    def __init__(self, **options: Any):
        told = "be 16 to 200 printable ASCII characters without a space, or whsec_ and base64 of 24 to 64 bytes"
        super().__init__(LONGEST_SECRET, pattern=rf"^[!-~]{{{LEAST_SECRET},{LONGEST_SECRET}}}$", meant=told, **options)


class Headers(fields.Dict):
    """Headers by name, each one's value as text."""

    def __init__(self, **options: Any):
        super().__init__(
            metadata={
                "type": "object",
                "maxProperties": MAX_HEADERS,
                "additionalProperties": {"type": "string", "maxLength": MAX_HEADER},
                "description": HEADERS_TOLD,
            },
            **options,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict) or len(value) > MAX_HEADERS:
            raise ValidationError(f"must be an object of up to {MAX_HEADERS} headers")
        if not all(isinstance(one, str) and len(one) <= MAX_HEADER for one in value.values()):
            raise ValidationError(f"must have text as values, of up to {MAX_HEADER} characters")
        return dict(value)


class WebhookBody(Body):
    EXAMPLES = {
        "Invoices": {"url": "https://hooks.example.com/counterfoil", "eventTypes": ["invoice.*"]},
        "All, with a header": {
            "url": "https://hooks.example.com/all",
            "eventTypes": ["*"],
            "description": "The data warehouse",
            "headers": {"Authorization": "Bearer 12345"},
        },
    }

    url = Text(MAX_URL, required=True, description="Where events are sent: https, and a public address.")
    event_types = Many(EventType(required=True), 1, MAX_TYPES, required=True, description=EVENT_TYPES)
    description = Text(500)
    headers = Headers(allow_none=True)
    enabled = Flag(load_default=True, description="A webhook that is not enabled is sent nothing.")


class NewWebhookBody(WebhookBody):
    secret = Secret(description=SIGNS_TOLD)


class RotationBody(OptionalBody):
    EXAMPLES = {"A new secret is made": {}}

    secret = Secret(description=SIGNS_TOLD)


class RedeliveryBody(Body):
    EXAMPLES = {
        "What failed, first only counted": {"status": "failed", "dryRun": True},
        "All after an event": {"after": 41},
        "All since a time": {"since": "2026-01-31T09:30:00Z"},
    }

    after = Whole(0, LARGEST_ID, description="Events after this `sequence`.")
    since = Instant(description="Events since this time.")
    status = Choice(Status.FAILED, Status.CANCELLED, Status.DELIVERED, description="Events whose last delivery is so.")
    dry_run = Flag(load_default=False, description="Only count.")

    @validates_schema(skip_on_field_errors=True)
    def _has_a_range(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data.keys() & {"after", "since", "status"}:
            raise ValidationError("is required, or since, or status: say which events", "after")

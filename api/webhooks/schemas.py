from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.events.schemas import EVENT_TYPES, EventType
from api.http.fields import LARGEST_ID, Choice, Flag, Instant, Many, Text, Whole
from api.http.pagination import Page
from api.http.schema import Body, CamelSchema, OptionalBody
from domain.events.types import TYPES
from domain.webhooks.deliveries import Status

MAX_TYPES, MAX_HEADERS, MAX_HEADER, MAX_URL = 50, 20, 2000, 2000
LEAST_SECRET, LONGEST_SECRET = 16, 200
SIGNS_TOLD = (
    "The secret that signs. One that begins with `whsec_` goes on in base64 of 24 to 64 bytes; any other 16 to "
    "200 printable ASCII characters without a space are taken as they are. Without one, Counterfoil makes one."
)
FAILING_TOLD = (
    "When the first delivery failed after the last that succeeded. After one day and after three an event "
    "`webhook.failing` says so; after five the webhook is disabled."
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


class Webhook(CamelSchema):
    """A webhook. Its secret and the values of its headers are not shown."""

    id = fields.Integer()
    url = fields.String()
    event_types = fields.List(fields.String())
    description = fields.String(allow_none=True)
    header_names = fields.List(fields.String())
    enabled = fields.Boolean()
    disabled_reason = fields.String(allow_none=True)
    failing_since = Instant(allow_none=True, description=FAILING_TOLD)
    paused_until = Instant(allow_none=True, description="Deliveries wait until then, as the last ones failed.")
    old_secret_until = Instant(allow_none=True, description="The secret before the last signs as well until then.")
    created_at = Instant()
    updated_at = Instant()


class WebhookWithSecret(Webhook):
    secret = fields.String(metadata={"description": "Shown this once."})


class DeliveryPage(Page):
    status = Choice(*Status, description="Only deliveries that are so. All by default.")


class DeliveryAttempt(CamelSchema):
    """What came of one attempt: an answer, or why there was none."""

    at = fields.String(metadata={"format": "date-time"})
    status_code = fields.Integer(allow_none=True)
    duration_ms = fields.Integer()
    error = fields.String(allow_none=True)
    response_body = fields.String(metadata={"description": "Up to 2 KB of the answer."})


class DeliveredEvent(CamelSchema):
    id = fields.UUID(allow_none=True, attribute="event_id")
    type = fields.String(allow_none=True, metadata={"examples": list(TYPES)})
    sequence = fields.Integer()


class Delivery(CamelSchema):
    """An event on its way to a webhook. `error` says why it is not delivered yet, or why it never was."""

    id = fields.Integer()
    webhook_id = fields.Integer()
    job_id = fields.Integer(metadata={"description": "The job that sends it: the log names it."})
    event = fields.Nested(DeliveredEvent)
    status = Choice(*Status)
    attempts = fields.List(fields.Nested(DeliveryAttempt))
    next_attempt_at = Instant(allow_none=True)
    error = fields.String(allow_none=True)
    delivered_at = Instant(allow_none=True)
    created_at = Instant()


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


class Redelivery(CamelSchema):
    """How many deliveries are on their way now, or would be. Call again while there are `more`."""

    count = fields.Integer()
    more = fields.Boolean()
    dry_run = fields.Boolean()


class Accepted(CamelSchema):
    message = fields.String()

from marshmallow import fields

from api.http.fields import Choice, Instant
from api.http.pagination import Page
from api.http.schema import CamelSchema
from domain.events.types import TYPES
from domain.webhooks.deliveries import Status

FAILING_TOLD = (
    "When the first delivery failed after the last that succeeded. After one day and after three an event "
    "`webhook.failing` says so; after five the webhook is disabled."
)


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


class Redelivery(CamelSchema):
    """How many deliveries are on their way now, or would be. Call again while there are `more`."""

    count = fields.Integer()
    more = fields.Boolean()
    dry_run = fields.Boolean()


class Accepted(CamelSchema):
    message = fields.String()

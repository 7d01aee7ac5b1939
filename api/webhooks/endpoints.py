"""Webhooks: where events are sent, what came of it, and a way to send them again."""

from dataclasses import replace
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.webhooks import NewWebhookBody, RedeliveryBody, RotationBody, WebhookBody
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.webhooks.schemas import (
    Accepted,
    Delivery,
    DeliveryPage,
    Redelivery,
    Webhook,
    WebhookWithSecret,
)
from db.transaction import report, transaction
from domain.webhooks import deliveries, registration

PATH = "/api/v1/webhooks"
webhooks_api = Blueprint(
    "webhooks",
    __name__,
    description="Addresses of yours to which events are sent, signed; each delivery can be seen and sent again.",
)


@webhooks_api.route(PATH, "webhooks:manage", methods=["POST"])
@webhooks_api.arguments(NewWebhookBody())
@webhooks_api.response(201, WebhookWithSecret)
@webhooks_api.refuses(409)
@webhooks_api.idempotent
def create_webhook(body: dict[str, Any]) -> Response:
    """Create a webhook; its secret is shown this once, and to whoever repeats the request under its key.

    Each event of the types that it asks for is posted there from now on, as JSON, and signed as Standard Webhooks says.
    A receiver answers 2xx within 15 seconds. What fails is tried eight times over a day and a half.
    """

    def work(session: Session) -> Answer:
        webhook = registration.create(session, g.organization_id, body)
        return Answer(201, Webhook().dump(webhook), {"Location": f"{PATH}/{webhook.id}"})

    return _with_secret(once(work))


@webhooks_api.route(PATH, "webhooks:read")
@webhooks_api.arguments(Page(), location="query")
@webhooks_api.response(200, Webhook(many=True), headers=LINK)
def list_webhooks(query: dict[str, Any]) -> Any:
    """List webhooks.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = registration.page(session, g.organization_id, *place(query, 0))
        return page(rows, query, Webhook())


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>", "webhooks:read")
@webhooks_api.response(200, Webhook)
@webhooks_api.refuses(404)
def show_webhook(webhook_id: int) -> Any:
    """Show one webhook, and how it fares.

    Its secret and the values of its headers are not shown.
    """
    with transaction() as session:
        return registration.get(session, g.organization_id, webhook_id)


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>", "webhooks:manage", methods=["PUT"])
@webhooks_api.arguments(WebhookBody())
@webhooks_api.response(200, Webhook)
@webhooks_api.refuses(404)
def replace_webhook(body: dict[str, Any], webhook_id: int) -> Any:
    """Replace a webhook; what waits goes to its new address.

    `headers` stay as they are when they are absent or null; send `{}` to have none. All else is replaced: send
    `enabled: false` again where a webhook is to stay disabled. One that is enabled again is sent what happens from then
    on: `redeliver` sends what it missed.
    """
    with change() as session:
        return registration.change(session, g.organization_id, webhook_id, body)


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>", "webhooks:manage", methods=["DELETE"])
@webhooks_api.response(204)
@webhooks_api.refuses(404)
def delete_webhook(webhook_id: int) -> Response:
    """Delete a webhook with its deliveries; those that wait are not sent.

    The events themselves stay, and `listEvents` has them.
    """
    with change() as session:
        registration.delete(session, g.organization_id, webhook_id)
    return Response(status=204)


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/ping", "webhooks:manage", methods=["POST"])
@webhooks_api.response(202, Accepted)
@webhooks_api.refuses(404, 409)
@webhooks_api.idempotent
def ping_webhook(webhook_id: int) -> Response:
    """Send an event to this webhook alone, whatever types it asks for.

    The event is a `webhook.pinged`; what came of it is the newest in `listDeliveries`.
    """

    def work(session: Session) -> Answer:
        registration.ping(session, g.organization_id, webhook_id)
        return Answer(202, {"message": "the event is on its way"})

    return once(work).response()


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/rotate-secret", "webhooks:manage", methods=["POST"])
@webhooks_api.arguments(RotationBody(), required=False)
@webhooks_api.response(200, WebhookWithSecret)
@webhooks_api.refuses(404, 409)
@webhooks_api.idempotent
def rotate_secret(body: dict[str, Any], webhook_id: int) -> Response:
    """Give a webhook a new secret, shown this once; both sign for 24 hours.

    A receiver accepts a delivery if one of its signatures is right, so there is a day to change the secret there.
    """

    def work(session: Session) -> Answer:
        return Answer(
            200, Webhook().dump(registration.rotate(session, g.organization_id, webhook_id, body.get("secret")))
        )

    return _with_secret(once(work))


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/deliveries", "webhooks:read")
@webhooks_api.arguments(DeliveryPage(), location="query")
@webhooks_api.response(200, Delivery(many=True), headers=LINK)
@webhooks_api.refuses(404)
def list_deliveries(query: dict[str, Any], webhook_id: int) -> Any:
    """List the deliveries of a webhook, newest first, each with its attempts.

    They are kept as long as their events.
    """
    with transaction() as session:
        rows = deliveries.page(session, g.organization_id, webhook_id, query.get("status"), *place(query))
        return page(rows, query, Delivery())


@webhooks_api.route("/api/v1/webhook-deliveries/<row_id:delivery_id>", "webhooks:read")
@webhooks_api.response(200, Delivery)
@webhooks_api.refuses(404)
def show_delivery(delivery_id: int) -> Any:
    """Show one delivery with its attempts.

    An attempt has the status of the answer and the first 2 KB of it, or says why there was none.
    """
    with transaction() as session:
        return deliveries.get(session, g.organization_id, delivery_id)


@webhooks_api.route("/api/v1/webhook-deliveries/<row_id:delivery_id>/retry", "webhooks:manage", methods=["POST"])
@webhooks_api.response(202, Delivery)
@webhooks_api.refuses(404, 409)
@webhooks_api.idempotent
def retry_delivery(delivery_id: int) -> Response:
    """Send the event of a delivery now: one that waits for its next attempt, or one that has ended, as a new delivery.

    The event's id stays the same. 409 while it is being sent, when its event is past its retention, or when the webhook
    is disabled.
    """

    def work(session: Session) -> Answer:
        anew = deliveries.retry(session, g.organization_id, delivery_id)
        return Answer(202, Delivery().dump(anew), {"Location": f"/api/v1/webhook-deliveries/{anew.id}"})

    return once(work).response()


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/redeliver", "webhooks:manage", methods=["POST"])
@webhooks_api.arguments(RedeliveryBody())
@webhooks_api.response(202, Redelivery)
@webhooks_api.refuses(404, 409)
@webhooks_api.idempotent
def redeliver_events(body: dict[str, Any], webhook_id: int) -> Response:
    """Send a range of events again, up to 10,000 a call; or only count them.

    Only events that the webhook asks for now are sent, and none that is on its way to it.
    """

    def work(session: Session) -> Answer:
        done = deliveries.redeliver(session, g.organization_id, webhook_id, **body)
        return Answer(202, Redelivery().dump({"count": done.owed, "more": done.more, "dry_run": body["dry_run"]}))

    return once(work).response()


def _with_secret(answer: Answer) -> Response:
    """Add the secret, which is kept encrypted with its webhook, and never with an answer."""
    with transaction() as session:
        secret = registration.secret(session, g.organization_id, answer.body["id"])
    return replace(answer, body={**answer.body, "secret": secret}).response()

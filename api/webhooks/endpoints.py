"""Webhooks: where events are sent, what came of it, and a way to send them again."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, position
from api.webhooks.schemas import (
    Accepted,
    Delivery,
    DeliveryPage,
    NewWebhookBody,
    Redelivery,
    RedeliveryBody,
    RotationBody,
    Webhook,
    WebhookBody,
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


@webhooks_api.route(PATH, methods=["POST"])
@webhooks_api.arguments(NewWebhookBody())
@webhooks_api.response(201, WebhookWithSecret)
@webhooks_api.refuses(409)
def create_webhook(body: dict[str, Any]) -> Response:
    """Create a webhook; its secret is shown this once.

    Each event of the types that it asks for is posted there from now on, as JSON, and signed as Standard Webhooks says.
    A receiver answers 2xx within 15 seconds. What fails is tried eight times over a day and a half.
    """
    with transaction() as session:
        webhook, secret = registration.create(session, g.organization_id, body)
        shown = WebhookWithSecret().dump(_with(webhook, secret))
    return Answer(201, shown, {"Location": f"{PATH}/{webhook.id}"}).response()


@webhooks_api.route(PATH)
@webhooks_api.arguments(Page(), location="query")
@webhooks_api.response(200, Webhook(many=True), headers=LINK)
def list_webhooks(query: dict[str, Any]) -> Any:
    """List webhooks.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = registration.page(session, g.organization_id, position(query) or 0, query["limit"] + 1)
        return page(rows, query, Webhook())


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>")
@webhooks_api.response(200, Webhook)
@webhooks_api.refuses(404)
def show_webhook(webhook_id: int) -> Any:
    """Show one webhook, and how it fares.

    Its secret and the values of its headers are not shown.
    """
    with transaction() as session:
        return registration.get(session, g.organization_id, webhook_id)


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>", methods=["PUT"])
@webhooks_api.arguments(WebhookBody())
@webhooks_api.response(200, Webhook)
@webhooks_api.refuses(404)
def replace_webhook(body: dict[str, Any], webhook_id: int) -> Any:
    """Replace a webhook; what waits goes to its new address.

    `headers` stay as they are when they are absent or null; send `{}` to have none. All else is replaced: send
    `enabled: false` again where a webhook is to stay disabled. One that is enabled again is sent what happens from then
    on: `redeliver` sends what it missed.
    """
    with transaction() as session:
        return registration.change(session, g.organization_id, webhook_id, body)


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>", methods=["DELETE"])
@webhooks_api.response(204)
@webhooks_api.refuses(404)
def delete_webhook(webhook_id: int) -> Response:
    """Delete a webhook with its deliveries; those that wait are not sent.

    The events themselves stay, and `listEvents` has them.
    """
    with transaction() as session:
        registration.delete(session, g.organization_id, webhook_id)
    return Response(status=204)


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/ping", methods=["POST"])
@webhooks_api.response(202, Accepted)
@webhooks_api.refuses(404, 409)
@webhooks_api.idempotent
def ping_webhook(webhook_id: int) -> Response:
    """Send an event `webhook.pinged` to this webhook alone, whatever types it asks for.

    What came of it is the newest in `listDeliveries`.
    """

    def work(session: Session) -> Answer:
        registration.ping(session, g.organization_id, webhook_id)
        return Answer(202, {"message": "the event is on its way"})

    return once(work).response()


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/rotate-secret", methods=["POST"])
@webhooks_api.arguments(RotationBody(), required=False)
@webhooks_api.response(200, WebhookWithSecret)
@webhooks_api.refuses(404)
def rotate_secret(body: dict[str, Any], webhook_id: int) -> Any:
    """Give a webhook a new secret, shown this once; both sign for 24 hours.

    A receiver accepts a delivery if one of its signatures is right, so there is a day to change the secret there.
    """
    with transaction() as session:
        return _with(*registration.rotate(session, g.organization_id, webhook_id, body.get("secret")))


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/deliveries")
@webhooks_api.arguments(DeliveryPage(), location="query")
@webhooks_api.response(200, Delivery(many=True), headers=LINK)
@webhooks_api.refuses(404)
def list_deliveries(query: dict[str, Any], webhook_id: int) -> Any:
    """List the deliveries of a webhook, newest first, each with its attempts.

    They are kept as long as their events.
    """
    with transaction() as session:
        place = (position(query), query["limit"] + 1)
        rows = deliveries.page(session, g.organization_id, webhook_id, query.get("status"), *place)
        return page(rows, query, Delivery())


@webhooks_api.route("/api/v1/webhook-deliveries/<row_id:delivery_id>")
@webhooks_api.response(200, Delivery)
@webhooks_api.refuses(404)
def show_delivery(delivery_id: int) -> Any:
    """Show one delivery with its attempts.

    An attempt has the status of the answer and the first 2 KB of it, or says why there was none.
    """
    with transaction() as session:
        return deliveries.get(session, g.organization_id, delivery_id)


@webhooks_api.route("/api/v1/webhook-deliveries/<row_id:delivery_id>/retry", methods=["POST"])
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


@webhooks_api.route(f"{PATH}/<row_id:webhook_id>/redeliver", methods=["POST"])
@webhooks_api.arguments(RedeliveryBody())
@webhooks_api.response(202, Redelivery)
@webhooks_api.refuses(404, 409)
@webhooks_api.idempotent
def redeliver_events(body: dict[str, Any], webhook_id: int) -> Response:
    """Send a range of events again, up to 10,000 a call; with `dryRun` only count them.

    Only events that the webhook asks for now are sent, and none that is on its way to it.
    """

    def work(session: Session) -> Answer:
        done = deliveries.redeliver(session, g.organization_id, webhook_id, **body)
        return Answer(202, Redelivery().dump({"count": done.owed, "more": done.more, "dry_run": body["dry_run"]}))

    return once(work).response()


def _with(webhook: Any, secret: str) -> dict[str, Any]:
    shown = {name: getattr(webhook, name) for name in Webhook().fields}
    return shown | {"secret": secret}

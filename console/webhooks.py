"""Webhooks: where events are sent, how each fares, and what came of each delivery."""

from datetime import datetime
from itertools import groupby
from typing import Any

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.webhooks import NewWebhookBody, RedeliveryBody, RotationBody, WebhookBody
from api.http.changes import change
from console import access, forms
from console.codes import told
from console.events import pretty, says
from console.lists import ROWS, after, chosen, listed
from console.pages import Pages, field, lead_to
from db.transaction import report, transaction
from domain.errors import Invalid
from domain.events import feed
from domain.events.types import FAMILIES, TYPES
from domain.webhooks import deliveries, health, registration
from domain.webhooks.deliveries import Redelivered, Status

webhooks_pages = Pages("webhooks", __name__)
# Events whose last delivery is so are sent again.
AGAIN = (Status.FAILED, Status.CANCELLED, Status.DELIVERED)


@webhooks_pages.page("/webhooks", "webhooks:read")
def list_webhooks():
    """Show the webhooks, and how each fares."""
    with report() as session:
        found = listed(registration.page(session, g.organization_id, after() or 0, ROWS + 1))
    return render_template("webhooks.html", webhooks=found, ends_at=health.ends_at)


@webhooks_pages.page("/webhooks/new", "webhooks:manage")
def new_webhook():
    """Show the form for a new webhook."""
    return render_template("webhook_form.html", webhook=None, **_types(["*"]))


@webhooks_pages.act("/webhooks", "webhooks:manage", back=new_webhook)
def create_webhook() -> str:
    """Make a webhook, and show its secret, this once."""
    access.require_confirmed(request.form.get("password", ""))
    body = forms.loaded(NewWebhookBody(), _given() | {"secret": field("secret")}, "eventTypes")
    with change() as session:
        webhook = registration.create(session, g.organization_id, body)
        secret = registration.secret(session, g.organization_id, webhook.id)
    return render_template("webhook_secret.html", webhook=webhook, secret=secret)


@webhooks_pages.page("/webhooks/<row_id:webhook_id>", "webhooks:read")
def show_webhook(webhook_id: int):
    """Show a webhook with its deliveries, newest first."""
    status = chosen("status", Status)
    with transaction() as session:
        webhook = registration.get(session, g.organization_id, webhook_id)
        rows = deliveries.page(session, g.organization_id, webhook_id, status, after(), ROWS + 1)
    return render_template(
        "webhook.html",
        webhook=webhook,
        deliveries=listed(rows),
        statuses=[(one.value, told(one)) for one in Status],
        ends_at=health.ends_at,
    )


@webhooks_pages.page("/webhooks/<row_id:webhook_id>/edit", "webhooks:manage")
def edit_webhook(webhook_id: int):
    """Show the form that changes a webhook."""
    with transaction() as session:
        webhook = registration.get(session, g.organization_id, webhook_id)
    return render_template("webhook_form.html", webhook=webhook, **_types(webhook.event_types))


@webhooks_pages.act("/webhooks/<row_id:webhook_id>", "webhooks:manage", back=edit_webhook)
def replace_webhook(webhook_id: int) -> Response:
    """Change a webhook; headers that nobody typed anew stay."""
    access.require_confirmed(request.form.get("password", ""))
    body = forms.loaded(WebhookBody(), _given(), "eventTypes")
    with change() as session:
        registration.change(session, g.organization_id, webhook_id, body)
    return lead_to("webhooks.show_webhook", "saved", webhook_id=webhook_id)


@webhooks_pages.act("/webhooks/<row_id:webhook_id>/delete", "webhooks:manage", back=show_webhook)
def delete_webhook(webhook_id: int) -> Response:
    """Delete a webhook with its deliveries."""
    access.require_confirmed(request.form.get("password", ""))
    with change() as session:
        registration.delete(session, g.organization_id, webhook_id)
    return lead_to("webhooks.list_webhooks", "webhook-deleted")


@webhooks_pages.act("/webhooks/<row_id:webhook_id>/ping", "webhooks:manage", back=show_webhook)
def ping_webhook(webhook_id: int) -> Response:
    """Send an event to this webhook alone."""
    with change() as session:
        registration.ping(session, g.organization_id, webhook_id)
    return lead_to("webhooks.show_webhook", "pinged", webhook_id=webhook_id)


@webhooks_pages.act("/webhooks/<row_id:webhook_id>/rotate-secret", "webhooks:manage", back=show_webhook)
def rotate_secret(webhook_id: int) -> str:
    """Give a webhook a new secret, and show it, this once."""
    access.require_confirmed(request.form.get("password", ""))
    given = forms.loaded(RotationBody(), {"secret": field("secret")})
    with change() as session:
        webhook = registration.rotate(session, g.organization_id, webhook_id, given.get("secret"))
        secret = registration.secret(session, g.organization_id, webhook_id)
    return render_template("webhook_secret.html", webhook=webhook, secret=secret)


@webhooks_pages.page("/webhooks/<row_id:webhook_id>/redeliver", "webhooks:manage")
def choose_events(webhook_id: int, counted: Redelivered | None = None):
    """Show the form that sends events again, with how many there are once they were counted."""
    with transaction() as session:
        webhook = registration.get(session, g.organization_id, webhook_id)
    return render_template("redeliver.html", webhook=webhook, counted=counted, again=AGAIN)


@webhooks_pages.act("/webhooks/<row_id:webhook_id>/redeliver", "webhooks:manage", back=choose_events)
def redeliver_events(webhook_id: int) -> Any:
    """Count the events of a range; once that was seen, send them again."""
    terms = forms.loaded(RedeliveryBody(), _range())
    place = g.organization_id, webhook_id
    if terms["dry_run"]:
        with report() as session:
            counted = deliveries.redeliver(session, *place, **terms)
        return choose_events(webhook_id, counted)
    with change() as session:
        done = deliveries.redeliver(session, *place, **terms)
    return lead_to("webhooks.show_webhook", "redelivered", webhook_id=webhook_id, n=done.owed)


@webhooks_pages.page("/webhook-deliveries/<row_id:delivery_id>", "webhooks:read")
def show_delivery(delivery_id: int):
    """Show a delivery with its attempts, and the event that it carries."""
    with transaction() as session:
        delivery = deliveries.get(session, g.organization_id, delivery_id)
        webhook = registration.get(session, g.organization_id, delivery.webhook_id)
        event = feed.find(session, g.organization_id, delivery.sequence)
    attempts = [{**one, "at": datetime.fromisoformat(one["at"])} for one in reversed(delivery.attempts)]
    sent = pretty(event) if event else ""
    return render_template(
        "delivery.html", delivery=delivery, attempts=attempts, webhook=webhook, event=event, sent=sent
    )


@webhooks_pages.act("/webhook-deliveries/<row_id:delivery_id>/retry", "webhooks:manage", back=show_delivery)
def retry_delivery(delivery_id: int) -> Response:
    """Send the event of a delivery now."""
    with change() as session:
        anew = deliveries.retry(session, g.organization_id, delivery_id)
    return lead_to("webhooks.show_delivery", "sent-again", delivery_id=anew.id)


def _types(chosen: list[str]) -> dict[str, Any]:
    """Return the types of events by family, and which are ticked."""
    families = [(f"{name}.*", list(some)) for name, some in groupby(sorted(TYPES), lambda one: one.partition(".")[0])]
    return {"families": families, "chosen": forms.chosen("eventTypes", chosen), "says": says}


def _given() -> dict[str, Any]:
    """Return what the form says of a webhook; a type whose family is ticked is not named as well."""
    ticked = request.form.getlist("eventTypes")
    whole = {"*"} & {*ticked} or {one for one in ticked if one in FAMILIES}
    rest = [] if "*" in whole else [one for one in ticked if f"{one.partition('.')[0]}.*" not in whole]
    given: dict[str, Any] = forms.texts("url", "description")
    given |= {"eventTypes": sorted({*whole, *rest}), "enabled": "enabled" in request.form}
    if "without_headers" in request.form:
        return given | {"headers": {}}
    return given | ({"headers": headers} if (headers := _headers()) else {})


def _headers() -> dict[str, str]:
    """Return the headers, one a line; raise Invalid."""
    found = [line.partition(":") for line in forms.lines("headers")]
    if any(not colon for _, colon, _ in found):
        raise Invalid.fields({"headers": ["must be lines such as Authorization: Bearer 12345"]})
    if len({name.strip().lower() for name, _, _ in found}) < len(found):
        raise Invalid.fields({"headers": ["must not name one header twice"]})
    return {name.strip(): value.strip() for name, _, value in found}


def _range() -> dict[str, Any]:
    """Return which events are to be sent again, by the one way that was chosen."""
    way = field("range")
    given: dict[str, Any] = {"dryRun": "seen" not in request.form}
    if way == "after":
        return given | {"after": forms.digits("after")}
    if way == "since":
        return given | {"since": f"{field('since')}:00Z"}
    return given | {"status": way}

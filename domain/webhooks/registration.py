"""The webhooks of an organization: where its events are sent, and under which secret."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
from sqlalchemy import Select, func, select, text
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from db.models import Delivery, Webhook
from db.queries import run
from domain import encryption
from domain.errors import Conflict, Invalid, NotFound, say
from domain.events import feed
from domain.events.telling import News, tell
from domain.events.types import PINGED
from domain.webhooks import health, signatures
from gateways import http

MAX_WEBHOOKS = 100
# Both secrets sign for so long after a rotation.
BOTH_SIGN_HOURS = 24
BOTH_SIGN = f"clock_timestamp() + interval '{BOTH_SIGN_HOURS} hours'"
OURS = {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature", "x-signature-256"}
SECRET, OLD_SECRET, HEADERS = "webhooks.secret", "webhooks.old_secret", "webhooks.headers"


def create(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Webhook:
    """Return a new webhook; raise Invalid or Conflict."""
    _check(fields)
    feed.open_stream(session, organization_id)
    run(session, "lock_stream", organization_id=organization_id)  # two at once would both be the last that may be made
    if (session.scalar(select(func.count()).select_from(_of(organization_id).subquery())) or 0) >= MAX_WEBHOOKS:
        told = "an organization has %(most)s %(noun)s at the most: delete one that is not needed"
        raise Conflict(say(told, most=MAX_WEBHOOKS, noun="webhooks"))
    webhook = Webhook(organization_id=organization_id, secret=b"", **_plain(fields))
    session.add(webhook)
    session.flush()
    signs = fields.get("secret") or signatures.new_secret()
    webhook.secret = encryption.encrypt(session, organization_id, SECRET, webhook.id, signs)
    _set_headers(session, webhook, fields.get("headers") or {})
    session.flush()
    session.refresh(webhook)
    return webhook


def secret(session: Session, organization_id: int, webhook_id: int) -> str:
    """Return what signs, for whoever has just made the webhook or changed its secret; raise NotFound."""
    webhook = get(session, organization_id, webhook_id)
    return encryption.decrypt(session, organization_id, SECRET, webhook.id, webhook.secret)


def change(session: Session, organization_id: int, webhook_id: int, fields: Mapping[str, Any]) -> Webhook:
    """Return the changed webhook; headers that are not given stay.

    One that is enabled again, or has another address, starts afresh: what waits is due.
    """
    _check(fields)
    webhook = get(session, organization_id, webhook_id, locked=True)
    before = webhook.url, webhook.enabled
    for name, value in _plain(fields).items():
        setattr(webhook, name, value)
    if fields.get("headers") is not None:
        _set_headers(session, webhook, fields["headers"])
    if webhook.enabled and before != (webhook.url, True):
        webhook.disabled_reason = webhook.failing_since = webhook.last_failed_at = webhook.paused_until = None
        webhook.failures = webhook.days_warned = 0
        session.flush()
        health.hasten(session, organization_id, webhook.id, tried=True)
    webhook.updated_at = func.clock_timestamp()
    session.flush()
    session.refresh(webhook)
    return webhook


def rotate(session: Session, organization_id: int, webhook_id: int, given: str | None) -> Webhook:
    """Return the webhook with a new secret; the one before signs too for BOTH_SIGN_HOURS, if it can be read."""
    if given:
        signatures.check_secret(given)
    webhook = get(session, organization_id, webhook_id, locked=True)
    webhook.old_secret = webhook.old_secret_until = None
    with suppress(encryption.Undecryptable):  # the master key is lost, and this is the way out
        before = encryption.decrypt(session, organization_id, SECRET, webhook.id, webhook.secret)
        webhook.old_secret = encryption.encrypt(session, organization_id, OLD_SECRET, webhook.id, before)
        webhook.old_secret_until = text(BOTH_SIGN)  # type: ignore[assignment]
    webhook.secret = encryption.encrypt(session, organization_id, SECRET, webhook.id, given or signatures.new_secret())
    webhook.updated_at = func.clock_timestamp()
    session.flush()
    session.refresh(webhook)
    return webhook


def delete(session: Session, organization_id: int, webhook_id: int) -> None:
    """Delete the webhook with its deliveries; those that wait are not sent. Raise NotFound."""
    session.delete(get(session, organization_id, webhook_id))
    session.flush()  # waits for those who are writing deliveries to it
    session.execute(sql_delete(Delivery).where(Delivery.webhook_id == webhook_id))


def ping(session: Session, organization_id: int, webhook_id: int) -> Webhook:
    """Have an event sent to the webhook alone; raise NotFound, or Conflict if it is disabled."""
    webhook = get(session, organization_id, webhook_id)
    if not webhook.enabled:
        raise Conflict("the webhook is disabled: enable it first")
    tell(session, organization_id, [News(PINGED, {"webhookId": webhook.id})])
    return webhook


def get(session: Session, organization_id: int, webhook_id: int, locked: bool = False) -> Webhook:
    """Return one webhook; raise NotFound."""
    found = _of(organization_id).where(Webhook.id == webhook_id)
    webhook = session.scalar(found.with_for_update(key_share=True) if locked else found)
    if webhook is None:
        raise NotFound("webhook not found")
    return webhook


def keep(session: Session, webhook_id: int) -> None:
    """Have the webhook be there until the end of the transaction; raise NotFound if it was deleted meanwhile."""
    found = select(Webhook.id).where(Webhook.id == webhook_id)
    if session.scalar(found.with_for_update(read=True, key_share=True)) is None:
        raise NotFound("webhook not found")


def page(session: Session, organization_id: int, after: int, limit: int) -> Sequence[Webhook]:
    """Return up to `limit` webhooks with an id above `after`, in id order."""
    return session.scalars(_of(organization_id).where(Webhook.id > after).order_by(Webhook.id).limit(limit)).all()


def _of(organization_id: int) -> Select[Webhook]:
    return select(Webhook).where(Webhook.organization_id == organization_id)


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "url": fields["url"],
        "event_types": list(dict.fromkeys(fields["event_types"])),
        "description": fields.get("description"),
        "enabled": fields["enabled"],
    }


def _set_headers(session: Session, webhook: Webhook, headers: Mapping[str, str]) -> None:
    webhook.header_names = list(headers)
    said = orjson.dumps(dict(headers)).decode()
    own = (session, webhook.organization_id, HEADERS, webhook.id)
    webhook.headers = encryption.encrypt(*own, said) if headers else None


def _check(fields: Mapping[str, Any]) -> None:
    if fields.get("secret"):
        signatures.check_secret(fields["secret"])
    errors: dict[str, list[str]] = {}
    try:
        http.check(fields["url"])
    except http.Refused as refused:
        errors["url"] = [f"is refused: {refused}"]
    headers = fields.get("headers") or {}
    wrong = [told for name, value in headers.items() if (told := _wrong_header(name, value))]
    if len({name.lower() for name in headers}) < len(headers):
        wrong.append("must not name one header twice, in capitals or not")
    if wrong:
        errors["headers"] = wrong
    if errors:
        raise Invalid.fields(errors)


def _wrong_header(name: str, value: str) -> str | None:
    if name.lower() in OURS:
        return f"must not have {name}, which Counterfoil sets itself"
    try:
        http.check_headers({name: value})
    except http.Refused as refused:
        return f"are refused: {refused}"
    return None

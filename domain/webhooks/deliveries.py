"""What was sent to a webhook and what came of it; and a way to send it again."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlalchemy.orm import Session

from db import outbox
from db.queries import fetch, run
from domain.errors import Conflict, NotFound
from domain.events.types import PINGED
from domain.jobs.admission import admission
from domain.webhooks import registration
from domain.webhooks.fan_out import Addressed, owe

# So many are owed by one call.
MAX_REDELIVERED = 10_000


class Status(StrEnum):
    """A delivery that is not delivered is as its job is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Shown(NamedTuple):
    """A delivery as its owner sees it; `type` and `event_id` are None once its event is past its retention."""

    id: int
    webhook_id: int
    sequence: int
    event_id: Any
    type: str | None
    status: str
    job_id: int
    attempts: list[dict[str, Any]]
    next_attempt_at: datetime | None
    error: str | None
    delivered_at: datetime | None
    created_at: datetime

    @property
    def event(self) -> "Shown":
        """Return what is known of the event: its id, type and sequence."""
        return self


class Redelivered(NamedTuple):
    """How many deliveries are owed, or would be; there are `more` if that is as many as one call owes."""

    owed: int
    more: bool


def page(
    session: Session, organization_id: int, webhook_id: int, status: str | None, before: int | None, limit: int
) -> Sequence[Shown]:
    """Return up to `limit` deliveries of a webhook, newest first; raise NotFound."""
    registration.get(session, organization_id, webhook_id)
    terms = {"webhook_id": webhook_id, "id": None, "status": status, "before": before, "limit": limit}
    return fetch(session, Shown, "list_deliveries", organization_id=organization_id, **terms)


def get(session: Session, organization_id: int, delivery_id: int) -> Shown:
    """Return one delivery; raise NotFound."""
    terms = {"webhook_id": None, "id": delivery_id, "status": None, "before": None, "limit": 1}
    found = fetch(session, Shown, "list_deliveries", organization_id=organization_id, **terms)
    if not found:
        raise NotFound("delivery not found")
    return found[0]


def retry(session: Session, organization_id: int, delivery_id: int) -> Shown:
    """Have a delivery that waits be sent now, or owe one that has ended anew, under the id of the same event.

    Raise NotFound, or Conflict while the event is being sent there.
    """
    delivery = get(session, organization_id, delivery_id)
    run(session, "lock_redelivery", webhook_id=delivery.webhook_id)
    webhook = registration.get(session, organization_id, delivery.webhook_id, locked=True)
    if not webhook.enabled:
        raise Conflict("the webhook is disabled: enable it first")
    if outbox.hasten(session, delivery.job_id):
        webhook.paused_until = func.clock_timestamp()  # over: a success goes on with all that waits
        session.flush()
        return get(session, organization_id, delivery_id)
    if run(session, "find_pending_delivery", webhook_id=delivery.webhook_id, sequence=delivery.sequence):
        raise Conflict("the event is on its way to the webhook", deliveryStatus=Status.PENDING)
    if delivery.type is None:
        raise Conflict("its event is past its retention")
    [anew] = owe(session, organization_id, [Addressed(delivery.webhook_id, delivery.sequence, delivery.type)])
    return get(session, organization_id, anew)


def redeliver(
    session: Session,
    organization_id: int,
    webhook_id: int,
    after: int | None = None,
    since: datetime | None = None,
    status: str | None = None,
    dry_run: bool = False,
) -> Redelivered:
    """Owe the events of a range that the webhook asks for now; raise NotFound, TooManyWaiting, or Conflict if disabled.

    The range is: the events `after` a number, those `since` a time, or those whose last delivery has the `status`.
    Events that are on their way to the webhook are left out.
    """
    webhook = registration.get(session, organization_id, webhook_id)
    if not webhook.enabled and not dry_run:
        raise Conflict("the webhook is disabled: enable it first")
    if not dry_run:
        admission.admit(session, organization_id)
        run(session, "lock_redelivery", webhook_id=webhook_id)
    rows = run(
        session,
        "find_redeliveries",
        organization_id=organization_id,
        webhook_id=webhook_id,
        types=list(webhook.event_types),
        pinged=PINGED,
        after=after,
        since=since,
        status=status,
        limit=MAX_REDELIVERED + 1,
    )
    wanted = [Addressed(webhook_id, row.sequence, row.type) for row in rows[:MAX_REDELIVERED]]
    if not dry_run:
        registration.keep(session, webhook_id)
        owe(session, organization_id, wanted)
    return Redelivered(len(wanted), len(rows) > MAX_REDELIVERED)

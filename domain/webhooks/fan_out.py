"""Each event goes to every webhook that asks for its type: by a job each, in the commit that numbers the event."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.jobs import NewJob
from db.models import Automation, Webhook
from db.queries import run
from domain.events import sequencing
from domain.events.sequencing import Batch, Sequenced
from domain.events.types import PINGED, matches
from domain.jobs.lanes import IO
from domain.jobs.priorities import NORMAL
from domain.jobs.submission import enqueue_jobs

KIND = "webhook.deliver"
# Where its deliveries wait.
STREAM = {"lane": IO, "priority": NORMAL, "kind": KIND}
# So many are owed in a second or two.
MAX_DELIVERIES = 5000


class Addressed(NamedTuple):
    """An event, by its number and type, that is to be delivered to a webhook; of its trace, if not of the current."""

    webhook_id: int
    sequence: int
    type: str
    traceparent: str | None = None


def sequence(session: Session, organization_id: int) -> Batch:
    """Number an organization's pending events and owe their deliveries, as many as one transaction may; return them.

    Each may owe a run of each automation as well.
    """
    asking = select(Webhook).where(Webhook.organization_id == organization_id, Webhook.enabled)
    triggered = select(Automation.id).where(
        Automation.organization_id == organization_id, Automation.enabled, Automation.event_type.is_not(None)
    )
    counts = [select(func.count()).select_from(one.subquery()).scalar_subquery() for one in (asking, triggered)]
    count = session.scalars(select(counts[0] + counts[1])).one()
    batch = sequencing.sequence(session, organization_id, max(1, MAX_DELIVERIES // max(1, count)))
    # Read after the events: a webhook asks for what was told once it was there. Locked: one that is deleted now would
    # be gone when its deliveries are written.
    locked = asking.order_by(Webhook.id).with_for_update(read=True, key_share=True)
    webhooks = session.scalars(locked).all() if batch.events else ()
    owe(
        session,
        organization_id,
        [
            Addressed(one.id, event.sequence, event.type, event.traceparent)
            for event in batch.events
            for one in webhooks
            if _asks(one, event)
        ],
    )
    return batch


def owe(session: Session, organization_id: int, wanted: Sequence[Addressed]) -> list[int]:
    """Owe deliveries; return their ids. What is sent stands in the rows of event and webhook, not in the jobs."""
    if not wanted:
        return []
    [[ids]] = run(session, "draw_deliveries", count=len(wanted))
    owed = [
        NewJob(organization_id, _payload(organization_id, one, id_), str(one.webhook_id), traceparent=one.traceparent)
        for one, id_ in zip(wanted, ids, strict=True)
    ]
    run(
        session,
        "create_deliveries",
        organization_id=organization_id,
        ids=ids,
        webhook_ids=[one.webhook_id for one in wanted],
        sequences=[one.sequence for one in wanted],
        job_ids=enqueue_jobs(session, KIND, owed),
    )
    return ids


def _payload(organization_id: int, one: Addressed, delivery_id: int) -> dict[str, object]:
    return {
        "webhookId": one.webhook_id,
        "webhookDeliveryId": delivery_id,
        "tenantId": organization_id,
        "event": one.type,
    }


def _asks(webhook: Webhook, event: Sequenced) -> bool:
    if event.type == PINGED:  # concerns the one that was pinged, whatever that asks for
        return orjson.loads(event.data)["webhookId"] == webhook.id
    return matches(webhook.event_types, event.type)

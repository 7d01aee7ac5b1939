"""How a webhook fares: left alone for longer and longer while it fails, its owner warned, disabled after five days.

Time decides, never a count: a burst of events must not disable a webhook that is away for a minute.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models import Webhook
from db.queries import run
from domain.counting import Wanted
from domain.events.feed import moment
from domain.events.telling import News, tell
from domain.events.types import DISABLED, FAILING
from domain.webhooks import schedule
from domain.webhooks.fan_out import STREAM

log = logging.getLogger(__name__)

WARNED_AFTER_DAYS = (1, 3)
DISABLED_AFTER_DAYS = 5
# So many deliveries are made due by a statement, by so many of these while a caller waits.
AT_ONCE, ROUNDS = 10_000, 10
DISABLED_TOLD = f"no delivery succeeded for {DISABLED_AFTER_DAYS} days"
GONE_TOLD = "its receiver answered 410: it wants no more"


def succeeded(session: Session, webhook_id: int, seconds_each: float, pause: float) -> None:
    """Take note of a run in which a delivery succeeded, each in so many seconds; its receiver asks for a `pause`."""
    run(session, "note_success", id=webhook_id, seconds_each=seconds_each, pause=pause)


def failed(session: Session, organization_id: int, webhook_id: int, pause: float) -> None:
    """Take note of a run in which nothing succeeded, and leave the webhook alone for `pause` seconds."""
    rows = run(session, "note_failure", id=webhook_id, pause=pause)
    if not rows:
        return  # it was deleted meanwhile
    [row] = rows
    if row.days >= DISABLED_AFTER_DAYS:
        disable(session, organization_id, webhook_id, DISABLED_TOLD)
    elif due := [days for days in WARNED_AFTER_DAYS if row.days_warned < days <= row.days]:
        session.execute(update(Webhook).where(Webhook.id == webhook_id).values(days_warned=due[-1]))
        said = {"webhookId": webhook_id, "failingSince": moment(row.failing_since), "days": due[-1]}
        _tell(session, organization_id, FAILING, said)


def ends_at(webhook: Webhook) -> datetime | None:
    """Return when the webhook is disabled if it goes on failing, None while it does not fail or is disabled."""
    if not webhook.enabled or webhook.failing_since is None:
        return None
    return webhook.failing_since + timedelta(days=DISABLED_AFTER_DAYS)


def postpone(session: Session, organization_id: int, webhook_id: int, pause: float) -> None:
    """Leave what waits for the webhook until a `pause` of so many seconds is over."""
    waiting = _waiting(organization_id, webhook_id)
    run(session, "postpone_deliveries", pause=schedule.after_the_others(pause), **waiting)


def hasten(session: Session, organization_id: int, webhook_id: int, tried: bool) -> None:
    """Have what waits for the webhook be due: all that was never tried, or what was `tried` as well.

    A success goes on with what is left, as `paused_until` is set.
    """
    waiting = _waiting(organization_id, webhook_id)
    for _ in range(ROUNDS if tried else 1):
        if len(run(session, "hasten_deliveries", tried=tried, limit=AT_ONCE, **waiting)) < AT_ONCE:
            return
    session.execute(update(Webhook).where(Webhook.id == webhook_id).values(paused_until=func.clock_timestamp()))


def _waiting(organization_id: int, webhook_id: int) -> dict[str, Any]:
    return {"organization_id": organization_id, "group_key": str(webhook_id), **STREAM}


def disable(session: Session, organization_id: int, webhook_id: int, reason: str) -> None:
    """Send nothing more to the webhook, and say why."""
    change = update(Webhook).where(Webhook.id == webhook_id, Webhook.enabled).returning(Webhook.id)
    values = {"enabled": False, "disabled_reason": reason, "paused_until": None, "updated_at": func.clock_timestamp()}
    if session.execute(change.values(**values)).first():
        _tell(session, organization_id, DISABLED, {"webhookId": webhook_id, "reason": reason})


def _tell(session: Session, organization_id: int, name: str, said: Mapping[str, Any]) -> None:
    why = said.get("reason") or f"nothing was delivered for {said['days']} days"
    log.warning("%s: organization %d, webhook %d: %s", name, organization_id, said["webhookId"], why)
    tell(session, organization_id, [News(name, said)])


def failing(organization_id: int) -> Wanted:
    """Return the webhooks that fail, which will be disabled if they go on, and since when they do."""
    wanted = select(Webhook.id, Webhook.failing_since).where(Webhook.organization_id == organization_id)
    return wanted.where(Webhook.enabled, Webhook.failing_since.is_not(None))


def disabled(organization_id: int) -> Wanted:
    """Return the webhooks that were disabled because they failed."""
    wanted = select(Webhook.id, Webhook.updated_at).where(Webhook.organization_id == organization_id)
    return wanted.where(~Webhook.enabled, Webhook.disabled_reason.is_not(None))

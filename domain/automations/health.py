"""How an automation fares: ten runs that fail in a row, or an owner's key that is revoked, disable it."""

import logging
from collections.abc import Mapping, Sequence
from itertools import takewhile

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models import Automation, Schedule
from db.queries import run
from domain.counting import Wanted
from domain.events.telling import News, tell
from domain.events.types import AUTOMATION_DISABLED

log = logging.getLogger(__name__)

MAX_FAILURES = 10
FAILED_TOLD = f"{MAX_FAILURES} runs failed in a row"


def record(session: Session, ended: Mapping[int, Sequence[bool]]) -> None:
    """Take note of which runs of automations succeeded, in order, by their ids; disable those that fail for good."""
    for automation_id in sorted(ended):
        succeeded = ended[automation_id]
        failed = len(list(takewhile(lambda one: not one, reversed(succeeded))))
        for row in run(session, "count_failures", id=automation_id, failed=failed, anew=any(succeeded)):
            if row.enabled and row.failures >= MAX_FAILURES:
                disable(session, row.organization_id, automation_id, FAILED_TOLD)


def disable(session: Session, organization_id: int, automation_id: int, reason: str) -> None:
    """Let the automation fire no more, and say why."""
    change = update(Automation).where(Automation.id == automation_id, Automation.enabled)
    values = {"enabled": False, "disabled_reason": reason, "updated_at": func.clock_timestamp()}
    gone = session.execute(change.values(**values).returning(Automation.schedule_id)).first()
    if gone is None:
        return
    off = {"enabled": False, "next_at": None, "disabled_reason": reason}
    session.execute(update(Schedule).where(Schedule.id == gone.schedule_id).values(**off))
    log.warning("organization %d: automation %d is disabled: %s", organization_id, automation_id, reason)
    tell(session, organization_id, [News(AUTOMATION_DISABLED, {"automationId": automation_id, "reason": reason})])


def disabled(organization_id: int) -> Wanted:
    """Return the automations that were disabled because they failed, or their owner may not act any more."""
    wanted = select(Automation.id, Automation.updated_at).where(Automation.organization_id == organization_id)
    return wanted.where(~Automation.enabled, Automation.disabled_reason.is_not(None))

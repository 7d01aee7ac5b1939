"""What needs somebody now: asked of each capability, cheaply, as often as somebody looks."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, bindparam
from sqlalchemy.orm import Session

from db import clock
from db.outbox import OldestWait
from domain.automations import health as automations
from domain.bills import catalogue as bills
from domain.bills.status import Status as BillStatus
from domain.counting import Wanted, asking, counted
from domain.invoices import audits, payments
from domain.jobs import canaries, catalogue
from domain.jobs.monitoring import queues
from domain.jobs.monitoring.processes import Life, parts
from domain.mail import catalogue as mails
from domain.mailboxes import health as mailboxes
from domain.schedules import registration as schedules
from domain.webhooks import health as webhooks

# A job that has waited for longer than this is told of.
LONG_WAIT = timedelta(minutes=1)


class Need(StrEnum):
    """What somebody is needed for, in the order in which it is told."""

    PART_MISSING = "part_missing"
    PART_SILENT = "part_silent"
    PART_IDLE = "part_idle"
    CANARY_LATE = "canary_late"
    LANE_PAUSED = "lane_paused"
    KIND_PAUSED = "kind_paused"
    LONG_WAIT = "long_wait"
    JOBS_FAILED = "jobs_failed"
    WEBHOOKS_DISABLED = "webhooks_disabled"
    WEBHOOKS_FAILING = "webhooks_failing"
    MAILBOXES_FAILING = "mailboxes_failing"
    AUTOMATIONS_DISABLED = "automations_disabled"
    SCHEDULES_TROUBLED = "schedules_troubled"
    MAILS_REFUSED = "mails_refused"
    BILLS_FAILED = "bills_failed"
    BILLS_TO_REVIEW = "bills_to_review"
    BILLS_TO_APPROVE = "bills_to_approve"
    NUMBERING_BROKEN = "numbering_broken"
    INVOICES_OVERDUE = "invoices_overdue"


class Matter(NamedTuple):
    """Something that needs somebody: how many, counted up to MAX_COUNTED, and since when the first.

    `target` is the id of one that is alone, or the name of a part, lane or kind.
    """

    need: Need
    number: int
    since: datetime | None
    target: int | str | None


# By need, the permission that reads it, and what is counted of an organization.
OF_ORGANIZATION: Mapping[Need, tuple[str, Callable[[int], Wanted]]] = {
    Need.JOBS_FAILED: ("jobs:read", catalogue.failed_lately),
    Need.WEBHOOKS_DISABLED: ("webhooks:read", webhooks.disabled),
    Need.WEBHOOKS_FAILING: ("webhooks:read", webhooks.failing),
    Need.MAILBOXES_FAILING: ("mailboxes:read", mailboxes.failing),
    Need.AUTOMATIONS_DISABLED: ("automations:read", automations.disabled),
    Need.SCHEDULES_TROUBLED: ("schedules:read", schedules.troubled),
    Need.MAILS_REFUSED: ("mails:read", mails.refused_lately),
    Need.BILLS_FAILED: ("bills:read", partial(bills.waiting, status=BillStatus.ERROR)),
    Need.BILLS_TO_REVIEW: ("bills:read", partial(bills.waiting, status=BillStatus.NEEDS_REVIEW)),
    Need.BILLS_TO_APPROVE: ("bills:read", partial(bills.waiting, status=BillStatus.PROCESSED)),
    Need.NUMBERING_BROKEN: ("suppliers:read", audits.broken),
    Need.INVOICES_OVERDUE: ("invoices:read", payments.overdue),
}


def of_organization(session: Session, organization_id: int, may: Callable[[str], bool]) -> list[Matter]:
    """Return what needs somebody of an organization, as far as whoever looks `may` read it."""
    found = long_waits(session, queues.oldest_waits(session, organization_id)) if may("jobs:read") else []
    needs = tuple(need for need, (permission, _) in OF_ORGANIZATION.items() if may(permission))
    counts = counted(session, _asking(needs), organization_id=organization_id) if needs else {}
    return found + [Matter(need, *counts[need]) for need in needs if counts[need].number]


@cache
def _asking(needs: tuple[Need, ...]) -> CompoundSelect[Any]:
    """Return what counts these, for every organization: to put it together takes longer than to ask it."""
    organization_id: Any = bindparam("organization_id")
    return asking({need: OF_ORGANIZATION[need][1](organization_id) for need in needs})


def of_installation(session: Session, waits: Iterable[OldestWait]) -> list[Matter]:
    """Return what needs those on call, with those of the oldest `waits` that are long."""
    lives = {Life.MISSING: Need.PART_MISSING, Life.SILENT: Need.PART_SILENT, Life.IDLE: Need.PART_IDLE}
    found = [Matter(lives[life], 1, None, part) for part, life in parts(session).items() if life in lives]
    late = [one for one in canaries.canaries(session) if canaries.is_late(one)]
    found += [Matter(Need.CANARY_LATE, 1, one.unanswered_since, one.lane) for one in late]
    paused = {"lane": Need.LANE_PAUSED, "kind": Need.KIND_PAUSED}
    found += [Matter(paused[one.what], 1, one.since, one.name) for one in queues.pauses(session)]
    order = list(Need)
    return sorted([*found, *long_waits(session, waits)], key=lambda matter: order.index(matter.need))


def long_waits(session: Session, waits: Iterable[OldestWait]) -> list[Matter]:
    """Return those of the oldest waits that are longer than LONG_WAIT."""
    now = clock.now(session)
    return [Matter(Need.LONG_WAIT, 1, one.since, one.lane) for one in waits if now - one.since > LONG_WAIT]

"""The schedules that kinds declare, as rows: so that wakers see them and operators may pause them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import any_, literal, select
from sqlalchemy.orm import Session

from db import clock
from db.models import Process, Schedule
from db.transaction import transaction
from domain.identity import organizations
from domain.jobs.registry import Kind, kinds, registered
from domain.schedules.registration import Keeper, restart

GONE = "no part that runs declares it any more"


def synchronise() -> None:
    """Have a schedule for each kind that declares one, as it declares it; disable those of kinds that nobody has.

    A part calls it as it starts. What a part of another version declares stays while that lives.
    """
    declared = {kind.name: kind for kind in kinds() if kind.cron or kind.every}
    with transaction() as session:
        of_kinds = select(Schedule).where(Schedule.keeper == Keeper.KIND)
        if not declared and session.scalar(of_kinds.limit(1)) is None:
            return
        organization_id = organizations.system(session)  # locked: one part at a time
        known = {schedule.kind: schedule for schedule in session.scalars(of_kinds.with_for_update())}
        now = clock.now(session)
        for kind in declared.values():
            schedule = known.get(kind.name) or _new(organization_id, kind)
            session.add(schedule)
            _keep(schedule, kind, now)
        _disable(session, known, declared)


def _new(organization_id: int, kind: Kind) -> Schedule:
    return Schedule(
        organization_id=organization_id, keeper=Keeper.KIND, name=kind.name, kind=kind.name, enabled=True
    )  # fmt: skip


def _keep(schedule: Schedule, kind: Kind, now: datetime) -> None:
    wanted = (kind.cron, kind.every, kind.time_zone)
    changed = (schedule.cron, schedule.every_seconds, schedule.time_zone) != wanted
    schedule.cron, schedule.every_seconds, schedule.time_zone = wanted
    schedule.catch_up, schedule.payload_version = kind.catch_up, kind.version
    back = schedule.disabled_reason == GONE
    if back or changed:
        schedule.enabled = schedule.enabled or back
        restart(schedule, now)


def _disable(session: Session, known: Mapping[str, Schedule], declared: Iterable[str]) -> None:
    for name in known.keys() - set(declared):
        schedule = known[name]
        if schedule.enabled and (registered(name) or not _lives(session, name)):
            schedule.enabled, schedule.disabled_reason, schedule.next_at = False, GONE, None


def _lives(session: Session, kind_name: str) -> bool:
    """Tell whether a worker of another version has the kind."""
    alive = select(Process.name).where(Process.silent_at.is_(None), literal(kind_name) == any_(Process.kinds))
    return session.scalar(alive.limit(1)) is not None

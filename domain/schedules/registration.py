"""The schedules of an organization; those that kinds declare are an operator's to pause."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from db import clock
from db.jobs import PAYLOADS
from db.models import Schedule
from domain.counting import Wanted
from domain.errors import NotFound
from domain.identity.organizations import require_room
from domain.jobs.payloads import check, upgraded
from domain.jobs.registry import find
from domain.jobs.submission import enqueue, open_kind, submit
from domain.schedules.timing import Timing, checked

MAX_SCHEDULES = 100


class Keeper(StrEnum):
    """Who says that there is a schedule, and how it is."""

    CALLER = "caller"
    KIND = "kind"
    AUTOMATION = "automation"


def timing_of(schedule: Schedule) -> Timing:
    return Timing(schedule.cron, schedule.every_seconds, schedule.time_zone, schedule.anchor)


def create(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Schedule:
    """Return a new schedule of a caller's; raise Invalid or Conflict."""
    values = _checked(fields)
    require_room(session, organization_id, select(Schedule).where(_own(organization_id)), MAX_SCHEDULES, "schedules")
    schedule = Schedule(organization_id=organization_id, keeper=Keeper.CALLER, **values)
    session.add(schedule)
    return _begun(session, schedule)


def change(session: Session, organization_id: int, schedule_id: int, fields: Mapping[str, Any]) -> Schedule:
    """Return the changed schedule; raise NotFound or Invalid.

    Where neither its time nor `enabled` changes, the next slot stays.
    """
    schedule = get(session, organization_id, schedule_id, locked=True)
    values = _checked(fields)
    before = _time(schedule)
    for name, value in values.items():
        setattr(schedule, name, value)
    if _time(schedule) != before:
        return _begun(session, schedule)
    return _stored(session, schedule)


def switch(session: Session, organization_id: int, schedule_id: int, enabled: bool, operator: bool) -> Schedule:
    """Return the schedule, which goes on from now or makes no jobs; raise NotFound."""
    schedule = get(session, organization_id, schedule_id, operator, locked=True)
    if schedule.enabled == enabled:
        return schedule
    schedule.enabled = enabled
    return _begun(session, schedule)


def run_now(session: Session, organization_id: int, schedule_id: int, operator: bool) -> int:
    """Owe a job of the schedule, beside its slots; return its id. Raise NotFound, or what a submission raises."""
    schedule = get(session, organization_id, schedule_id, operator)
    [job_id] = owe(session, schedule, [clock.now(session)])
    return job_id


def owe(session: Session, schedule: Schedule, slots: Sequence[datetime]) -> list[int]:
    """Owe a job of a schedule for each slot, with its payload as the kind has it by now; return their ids.

    Raise FromTheFuture, PermanentError, or what a submission raises.
    """
    kind, organization_id = find(schedule.kind), schedule.organization_id
    payload = upgraded(kind, schedule.payload, schedule.payload_version)
    if schedule.keeper == Keeper.CALLER:
        return [submit(session, organization_id, kind.name, payload).job_id for _ in slots]
    if schedule.keeper == Keeper.AUTOMATION and kind.submit:
        return [kind.submit(session, organization_id, {**payload, "slot": slot.isoformat()}) for slot in slots]
    return enqueue(session, organization_id, kind.name, [("", payload)] * len(slots))


def delete(session: Session, organization_id: int, schedule_id: int) -> None:
    """Delete the schedule; the jobs that it has made stay. Raise NotFound."""
    session.delete(get(session, organization_id, schedule_id, locked=True))


def get(
    session: Session, organization_id: int, schedule_id: int, operator: bool = False, locked: bool = False
) -> Schedule:
    """Return one schedule that the caller may see; raise NotFound."""
    found = select(Schedule).where(_visible(organization_id, operator), Schedule.id == schedule_id)
    schedule = session.scalar(found.with_for_update() if locked else found)
    if schedule is None:
        raise NotFound("schedule not found")
    return schedule


def page(session: Session, organization_id: int, operator: bool, after: int, limit: int) -> Sequence[Schedule]:
    """Return up to `limit` schedules that the caller may see, with an id above `after`, in id order."""
    found = select(Schedule).where(_visible(organization_id, operator), Schedule.id > after)
    return session.scalars(found.order_by(Schedule.id).limit(limit)).all()


def troubled(organization_id: int) -> Wanted:
    """Return the schedules that made no job for their last slot, or were disabled for a reason."""
    wanted = select(Schedule.id, func.coalesce(Schedule.last_slot, Schedule.updated_at)).where(_own(organization_id))
    failed = and_(Schedule.enabled, Schedule.last_error.is_not(None))
    return wanted.where(or_(failed, Schedule.disabled_reason.is_not(None)))


def _visible(organization_id: int, operator: bool) -> ColumnElement[bool]:
    own = _own(organization_id)
    return or_(own, Schedule.keeper == Keeper.KIND) if operator else own


def _own(organization_id: int) -> ColumnElement[bool]:
    return and_(Schedule.organization_id == organization_id, Schedule.keeper == Keeper.CALLER)


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    kind = open_kind(fields["kind"])
    check(kind, fields["payload"])
    expression = checked(fields.get("cron"), fields["time_zone"])
    return {
        "name": fields["name"],
        "kind": kind.name,
        "payload": orjson.loads(PAYLOADS.encode(fields["payload"])),
        "payload_version": kind.version,
        "cron": expression,
        "every_seconds": fields.get("every_seconds"),
        "time_zone": fields["time_zone"],
        "catch_up": fields["catch_up"],
        "enabled": fields["enabled"],
    }


def _time(schedule: Schedule) -> tuple[Any, ...]:
    return schedule.cron, schedule.every_seconds, schedule.time_zone, schedule.enabled


def _begun(session: Session, schedule: Schedule) -> Schedule:
    with session.no_autoflush:  # half changed, its row would be refused
        restart(schedule, clock.now(session))
    return _stored(session, schedule)


def restart(schedule: Schedule, now: datetime) -> None:
    """Have the schedule count from now; slots that came before are not made up for."""
    schedule.anchor = now.replace(microsecond=0)
    schedule.next_at = timing_of(schedule).after(now) if schedule.enabled else None
    if schedule.enabled:
        schedule.disabled_reason = None


def _stored(session: Session, schedule: Schedule) -> Schedule:
    schedule.updated_at = func.clock_timestamp()
    session.flush()
    session.refresh(schedule)
    return schedule

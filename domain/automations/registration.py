"""The automations of an organization: what they wait for, under which conditions, and what they do then."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Select, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from db import clock
from db.jobs import PAYLOADS
from db.models import Automation, AutomationRun, AutomationSubject, Schedule
from db.queries import run
from domain.automations import actions, catalogue, conditions
from domain.automations.triggering import KIND
from domain.errors import Invalid, NotFound
from domain.events import feed
from domain.events.types import ALIASES
from domain.identity.organizations import require_room
from domain.jobs.payloads import require_storable
from domain.schedules.registration import Keeper, restart
from domain.schedules.timing import checked

MAX_AUTOMATIONS = 100
ONLY_EVENTS = "are for triggers by an event: a schedule says nothing that could be compared"


def create(session: Session, organization_id: int, owner: str, fields: Mapping[str, Any]) -> Automation:
    """Return a new automation, which acts in the name of `owner`; raise Invalid or Conflict."""
    values = _checked(fields)
    require_room(session, organization_id, _of(organization_id), MAX_AUTOMATIONS, "automations")
    _lock_stream(session, organization_id)
    schedule = _scheduled(session, organization_id, None, fields)
    values |= {"owner": owner, "schedule_id": schedule and schedule.id}
    automation = Automation(organization_id=organization_id, **values)
    session.add(automation)
    return _stored(session, automation, schedule)


def change(
    session: Session, organization_id: int, owner: str, automation_id: int, fields: Mapping[str, Any]
) -> Automation:
    """Return the changed automation, in its next version; from now on it acts in the name of `owner`.

    It forgets for what its conditions held, and its failures. Raise NotFound or Invalid.
    """
    values = _checked(fields)
    _lock_stream(session, organization_id)
    automation = get(session, organization_id, automation_id, locked=True)
    before = session.get(Schedule, automation.schedule_id) if automation.schedule_id else None
    schedule = _scheduled(session, organization_id, before, fields)
    values |= {"owner": owner, "schedule_id": schedule and schedule.id, "version": automation.version + 1}
    for name, value in {**values, "failures": 0, "disabled_reason": None}.items():
        setattr(automation, name, value)
    session.flush()
    if before and not schedule:
        session.delete(before)
    _forget_subjects(session, automation_id)
    return _stored(session, automation, schedule)


def switch(session: Session, organization_id: int, owner: str, automation_id: int, enabled: bool) -> Automation:
    """Return the automation, which fires no more, or again in the name of `owner`; raise NotFound or Invalid.

    One that is enabled begins afresh, as after a change; one that is disabled stays as it is otherwise.
    """
    automation = get(session, organization_id, automation_id)
    schedule = schedules_of(session, [automation]).get(automation.schedule_id or 0)
    if enabled:
        fields = given(automation, schedule) | {"enabled": True}
        return change(session, organization_id, owner, automation_id, fields)
    _lock_stream(session, organization_id)
    automation = get(session, organization_id, automation_id, locked=True)
    automation.enabled = False
    if schedule:
        schedule.enabled, schedule.next_at = False, None
    return _stored(session, automation, schedule)


def given(automation: Automation, schedule: Schedule | None) -> dict[str, Any]:
    """Return the fields by which an automation would be made again as it is."""
    by_time = {"cron": schedule.cron, "time_zone": schedule.time_zone} if schedule else {}
    names = ("name", "conditions", "actions", "repeat", "enabled")
    return {name: getattr(automation, name) for name in names} | {
        "trigger": by_time or {"event": automation.event_type}
    }


def delete(session: Session, organization_id: int, automation_id: int) -> None:
    """Delete the automation with its runs; those that wait do nothing. Raise NotFound."""
    _lock_stream(session, organization_id)
    automation = get(session, organization_id, automation_id, locked=True)
    session.delete(automation)
    session.flush()
    session.execute(sql_delete(Schedule).where(Schedule.id == automation.schedule_id))
    session.execute(sql_delete(AutomationRun).where(AutomationRun.automation_id == automation_id))
    _forget_subjects(session, automation_id)
    run(session, "flag_stream", organization_id=organization_id)


def get(session: Session, organization_id: int, automation_id: int, locked: bool = False) -> Automation:
    """Return one automation; raise NotFound."""
    found = _of(organization_id).where(Automation.id == automation_id)
    automation = session.scalar(found.with_for_update() if locked else found)
    if automation is None:
        raise NotFound("automation not found")
    return automation


def page(session: Session, organization_id: int, after: int, limit: int) -> Sequence[Automation]:
    """Return up to `limit` automations with an id above `after`, in id order."""
    found = _of(organization_id).where(Automation.id > after)
    return session.scalars(found.order_by(Automation.id).limit(limit)).all()


def schedules_of(session: Session, automations: Sequence[Automation]) -> dict[int, Schedule]:
    """Return the schedules of those automations that have one, by their ids."""
    ids = [one.schedule_id for one in automations if one.schedule_id]
    return {one.id: one for one in session.scalars(select(Schedule).where(Schedule.id.in_(ids)))}


def _of(organization_id: int) -> Select[Automation]:
    return select(Automation).where(Automation.organization_id == organization_id)


def _lock_stream(session: Session, organization_id: int) -> None:
    """Have nobody number events meanwhile: those that are told from now on are this automation's as it is then."""
    feed.open_stream(session, organization_id)
    run(session, "lock_stream", organization_id=organization_id)


def _forget_subjects(session: Session, automation_id: int) -> None:
    session.execute(sql_delete(AutomationSubject).where(AutomationSubject.automation_id == automation_id))


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns; raise Invalid, which names what is wrong in all parts."""
    trigger = fields["trigger"]
    event_type = ALIASES.get(trigger.get("event"), trigger.get("event"))
    if event_type is not None and event_type not in catalogue.TRIGGERS:
        raise Invalid.fields({"trigger.event": [f"must be one of: {', '.join(catalogue.TRIGGERS)}"]})
    errors: dict[str, list[str]] = {}
    kept: dict[str, Any] = {}
    for name, check in (
        ("conditions", lambda: _conditions(fields["conditions"], event_type)),
        ("actions", lambda: actions.checked(fields["actions"], catalogue.names(event_type))),
    ):
        try:
            require_storable(fields[name], name)
            kept[name] = orjson.loads(PAYLOADS.encode(check()))
        except Invalid as invalid:
            errors |= invalid.errors
    if errors:
        raise Invalid.fields(errors)
    rest = {name: fields[name] for name in ("name", "repeat", "enabled")}
    return {**kept, **rest, "event_type": event_type}


def _conditions(tree: Any, event_type: str | None) -> dict[str, Any]:
    if event_type is not None:
        return conditions.checked(tree, catalogue.TRIGGERS[event_type].fields)
    if tree not in ([], {conditions.ALL: []}):
        raise Invalid.fields({"conditions": [ONLY_EVENTS]})
    return {conditions.ALL: []}


def _scheduled(
    session: Session, organization_id: int, before: Schedule | None, fields: Mapping[str, Any]
) -> Schedule | None:
    """Return the schedule of an automation that has a cron expression, None if it waits for an event."""
    trigger = fields["trigger"]
    if "cron" not in trigger:
        return None
    schedule = before or Schedule(organization_id=organization_id, keeper=Keeper.AUTOMATION, kind=KIND)
    try:
        schedule.cron = checked(trigger["cron"], trigger["time_zone"])
    except Invalid as invalid:
        raise Invalid.fields({f"trigger.{name}": texts for name, texts in invalid.errors.items()}) from None
    schedule.name, schedule.time_zone = fields["name"], trigger["time_zone"]
    schedule.enabled, schedule.disabled_reason = fields["enabled"], None
    with session.no_autoflush:  # half changed, its row would be refused
        restart(schedule, clock.now(session))
    session.add(schedule)
    session.flush()
    return schedule


def _stored(session: Session, automation: Automation, schedule: Schedule | None) -> Automation:
    automation.updated_at = func.clock_timestamp()
    session.flush()
    if schedule:
        schedule.payload = {"automationId": automation.id}
        session.flush()
    run(session, "flag_stream", organization_id=automation.organization_id)
    session.refresh(automation)
    return automation

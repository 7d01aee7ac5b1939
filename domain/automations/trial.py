"""What an automation would do, without doing it: for one event, or for the newest of its type."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from db.models import Automation
from db.queries import run
from domain.automations import actions, conditions, registration
from domain.automations.actions import DO
from domain.automations.catalogue import TRIGGERS
from domain.automations.runs import plan, values_of_event
from domain.automations.triggering import chain_of, read, remembers, stopped, subject_of
from domain.errors import Conflict, NotFound, PermanentError
from domain.events import feed
from domain.events.feed import Event
from domain.events.types import ALL

RECENT = 100


class Trial(NamedTuple):
    """What an automation would do for an event; `why` says why it would do nothing."""

    event: Event
    matches: bool
    fires: bool
    why: str | None
    conditions: dict[str, Any]
    actions: list[dict[str, Any]]


class Trials(NamedTuple):
    """How many of the newest events of its type match an automation's conditions, and which."""

    tested: int
    matched: int
    events: list[Event]


def with_event(session: Session, organization_id: int, automation_id: int, event_id: UUID) -> Trial:
    """Return what an automation would do for an event; raise NotFound, or Conflict if it waits for none."""
    automation = _triggered(session, organization_id, automation_id)
    found = feed.newest(session, organization_id, ALL, 1, event_id=event_id)
    if not found:
        raise NotFound(f"event not found among the newest {feed.REACH:,}")
    [event] = found
    if event.type != automation.event_type:
        raise Conflict(f"the event is of type {event.type}, and the automation waits for {automation.event_type}")
    return _tried(session, automation, event)


def with_recent(session: Session, organization_id: int, automation_id: int) -> Trials:
    """Return which of the newest events of its type match an automation's conditions; raise as `with_event`."""
    found = newest(session, organization_id, automation_id, RECENT)
    matching = [event for event, matches in found if matches]
    return Trials(len(found), len(matching), matching)


def newest(session: Session, organization_id: int, automation_id: int, limit: int) -> list[tuple[Event, bool]]:
    """Return up to `limit` of the newest events of an automation's type, each with whether its conditions hold for it.

    Raise as `with_event`.
    """
    automation = _triggered(session, organization_id, automation_id)
    found = feed.newest(session, organization_id, automation.event_type or "", limit)
    fields = TRIGGERS[automation.event_type or ""].fields
    return [(event, conditions.holds(automation.conditions, fields, read(event.data))) for event in found]


def _triggered(session: Session, organization_id: int, automation_id: int) -> Automation:
    automation = registration.get(session, organization_id, automation_id)
    if automation.event_type is None:
        raise Conflict("the automation waits for no event, but for the slots of a schedule")
    return automation


def _tried(session: Session, automation: Automation, event: Event) -> Trial:
    data = read(event.data)
    told = conditions.explained(automation.conditions, TRIGGERS[event.type].fields, data)
    why = _why_not(session, automation, event, data, told["holds"])
    values = values_of_event(event)
    would = [_filled(one, values) for one in automation.actions]
    return Trial(event, told["holds"], why is None, why, told, would)


def _why_not(
    session: Session, automation: Automation, event: Event, data: Mapping[str, Any], holds: bool
) -> str | None:
    if not automation.enabled:
        return "the automation is disabled"
    if not holds:
        return "its conditions do not hold"
    subject = subject_of(event.type, data)
    if remembers(automation) and subject is not None:
        place = {"automation_ids": [automation.id], "subjects": [subject]}
        if run(session, "find_subjects", **place):
            return "its conditions held for the event before of the same subject: it fires when they become true"
    return stopped(automation.id, chain_of(data))


def _filled(action: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    told = plan(action)
    try:
        return {**told, "parameters": actions.parameters(action[DO], told["parameters"], values), "error": None}
    except PermanentError as refused:
        return {**told, "error": str(refused)}

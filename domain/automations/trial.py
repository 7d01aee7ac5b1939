"""What an automation would do, without doing it: for one event, or for the newest of its type."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from db.models import Automation
from db.queries import fetch, run
from domain.automations import actions, conditions, registration
from domain.automations.actions import DO
from domain.automations.catalogue import TRIGGERS
from domain.automations.runs import plan, values_of_event
from domain.automations.triggering import chain_of, read, remembers, stopped, subject_of
from domain.errors import Conflict, NotFound, PermanentError
from domain.events import feed
from domain.events.feed import Event

RECENT = 100
# Events that are older are not looked for: without an index of their ids, that would take long.
REACH = 100_000


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
    found = _recent(session, organization_id, None, event_id, 1)
    if not found:
        raise NotFound(f"event not found among the newest {REACH:,}")
    [event] = found
    if event.type != automation.event_type:
        raise Conflict(f"the event is of type {event.type}, and the automation waits for {automation.event_type}")
    return _tried(session, automation, event)


def with_recent(session: Session, organization_id: int, automation_id: int) -> Trials:
    """Return which of the newest events of its type match an automation's conditions; raise as `with_event`."""
    automation = _triggered(session, organization_id, automation_id)
    found = _recent(session, organization_id, automation.event_type, None, RECENT)
    fields = TRIGGERS[automation.event_type or ""].fields
    matching = [event for event in found if conditions.holds(automation.conditions, fields, read(event.data))]
    return Trials(len(found), len(matching), matching)


def _triggered(session: Session, organization_id: int, automation_id: int) -> Automation:
    automation = registration.get(session, organization_id, automation_id)
    if automation.event_type is None:
        raise Conflict("the automation waits for no event, but for the slots of a schedule")
    return automation


def _recent(
    session: Session, organization_id: int, event_type: str | None, event_id: UUID | None, limit: int
) -> list[Event]:
    last = max((stream.last_sequence for stream in feed.streams(session, [organization_id]).values()), default=0)
    return fetch(
        session, Event, "list_recent_events",
        organization_id=organization_id, after=last - REACH, type=event_type, id=event_id, limit=limit,
    )  # fmt: skip


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

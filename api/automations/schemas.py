from typing import Any

from marshmallow import fields

from api.http.fields import Instant
from api.http.schema import CamelSchema
from domain.automations.catalogue import OPS, TRIGGERS, FieldType, Op
from domain.automations.health import MAX_FAILURES


class Trigger(CamelSchema):
    event = fields.String(allow_none=True)
    cron = fields.String(allow_none=True)
    time_zone = fields.String(allow_none=True)
    meaning = fields.String(allow_none=True, metadata={"description": "The time of a schedule in words."})
    next_at = Instant(allow_none=True)


class Automation(CamelSchema):
    """An automation. `version` goes up with each change; `owner` is in whose name it acts: `key:7` is the key 7."""

    id = fields.Integer()
    name = fields.String()
    version = fields.Integer()
    trigger = fields.Nested(Trigger)
    conditions = fields.Dict()
    actions = fields.List(fields.Dict())
    repeat = fields.Boolean()
    enabled = fields.Boolean()
    disabled_reason = fields.String(allow_none=True)
    failures = fields.Integer(metadata={"description": f"Runs that failed in a row: {MAX_FAILURES} disable it."})
    owner = fields.String()
    created_at = Instant()
    updated_at = Instant()


class RunEvent(CamelSchema):
    id = fields.UUID(attribute="event_id")
    sequence = fields.Integer()


class RunAction(CamelSchema):
    """An action with its parameters, placeholders replaced, and its `result`, or why it was refused."""

    do = fields.String()
    parameters = fields.Dict()
    status = fields.String(metadata={"enum": ["pending", "done", "failed", "skipped"]})
    result = fields.Dict(allow_none=True)
    error = fields.String(allow_none=True)


class AutomationRun(CamelSchema):
    """What came of an event, or of a slot of the schedule. A stopped run did nothing, and says why."""

    id = fields.Integer()
    version = fields.Integer()
    event = fields.Nested(RunEvent, allow_none=True)
    slot = Instant(allow_none=True)
    depth = fields.Integer(metadata={"description": "How many automations led to the event, this one counted."})
    status = fields.String(metadata={"enum": ["pending", "succeeded", "failed", "stopped"]})
    actions = fields.List(fields.Nested(RunAction))
    error = fields.String(allow_none=True)
    job_id = fields.Integer(allow_none=True)
    created_at = Instant()
    ended_at = Instant(allow_none=True)


class TrialEvent(CamelSchema):
    id = fields.UUID()
    sequence = fields.Integer()
    created_at = Instant()


class TrialAction(CamelSchema):
    do = fields.String()
    parameters = fields.Dict()
    error = fields.String(allow_none=True, metadata={"description": "Why it would be refused."})


class Trial(CamelSchema):
    """What an automation would do: for one event, or which of the newest match; the other fields are null."""

    matches = fields.Boolean(allow_none=True)
    fires = fields.Boolean(allow_none=True)
    why = fields.String(allow_none=True, metadata={"description": "Why it would do nothing."})
    conditions = fields.Dict(allow_none=True, metadata={"description": "The tree, with what each part comes to."})
    actions = fields.List(fields.Nested(TrialAction), allow_none=True)
    tested = fields.Integer(allow_none=True)
    matched = fields.Integer(allow_none=True)
    events = fields.List(fields.Nested(TrialEvent), allow_none=True, metadata={"description": "Those that match."})


class CatalogueField(CamelSchema):
    name = fields.String()
    type = fields.String(metadata={"enum": list(FieldType)})
    ops = fields.List(fields.String(metadata={"enum": list(Op)}))


class CatalogueEvent(CamelSchema):
    """A type of event; `subject` is the field that says what it is about."""

    type = fields.String()
    description = fields.String()
    subject = fields.String()
    fields_ = fields.List(fields.Nested(CatalogueField), data_key="fields", attribute="fields")


class CatalogueAction(CamelSchema):
    """An action; `parameters` is the JSON Schema (2020-12) of its parameters."""

    do = fields.String()
    description = fields.String()
    permission = fields.String()
    parameters = fields.Dict()


class Catalogue(CamelSchema):
    events = fields.List(fields.Nested(CatalogueEvent))
    actions = fields.List(fields.Nested(CatalogueAction))


def catalogue_event(name: str, told: str) -> dict[str, Any]:
    """Return what the catalogue says of a type of event."""
    trigger = TRIGGERS[name]
    known = [{"name": one, "type": kind, "ops": list(OPS[kind])} for one, kind in trigger.fields.items()]
    return {"type": name, "description": told, "subject": trigger.subject, "fields": known}

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.http.fields import Flag, Instant, Text
from api.http.schema import Body, CamelSchema, OptionalBody
from domain.accounting.sources import KIND
from domain.automations.actions import MAX_ACTIONS
from domain.automations.catalogue import OPS, TRIGGERS, FieldType, Op
from domain.automations.conditions import MAX_DEPTH, MAX_NODES
from domain.automations.health import MAX_FAILURES

CONDITIONS = (
    "A list of conditions that must all hold, or a tree of `{all: [...]}`, `{any: [...]}`, `{not: {...}}` and "
    f"`{{field, op, value}}`, up to {MAX_DEPTH} deep and with {MAX_NODES} parts. `showCatalogue` has the fields."
)
ACTIONS = (
    "What is done, one after the other, until one is refused: `do` names it, and its parameters stand beside it. "
    "`{{data.FIELD}}` in a text stands for what the event says; `showCatalogue` has the actions."
)
REPEAT = (
    "Fire for each event for which the conditions hold. By default an automation fires when they become true: they did "
    "not hold for the event before that was about the same thing."
)
RAW = {"description": CONDITIONS, "anyOf": [{"type": "array", "maxItems": MAX_NODES}, {"type": "object"}]}


class Conditions(fields.Field):
    """A list or tree of conditions; the domain says what is wrong with it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata=RAW, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list | dict):
            raise ValidationError("must be a list or an object")
        return value


class Actions(fields.Field):
    """A list of actions; the domain says what is wrong with it."""

    def __init__(self, **options: Any) -> None:
        told = {"description": ACTIONS, "type": "array", "minItems": 1, "maxItems": MAX_ACTIONS}
        super().__init__(metadata=told | {"items": {"type": "object"}}, **options)


class TriggerBody(Body):
    EXAMPLES = {"By an event": {"event": "invoice.issued"}, "By a schedule": {"cron": "0 9 * * 1", "timeZone": "UTC"}}

    event = Text(100, description="The type of event that it waits for.")
    cron = Text(100, description="Instead of an event: when it fires, as in a schedule.")
    time_zone = Text(60, load_default="UTC", description="The IANA time zone in which `cron` is meant.")

    @validates_schema
    def says_one(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data.get("event")) == bool(data.get("cron")):
            raise ValidationError("is required, or cron: one of them", "event")


class AutomationBody(Body):
    EXAMPLES = {
        "Large invoices": {
            "name": "Large invoices",
            "trigger": {"event": "invoice.issued"},
            "conditions": [{"field": "total", "op": "atLeast", "value": 10000}],
            "actions": [{"do": "add_note", "text": "Look at {{data.invoiceNumber}} of {{data.issueDate}}"}],
        },
        "Every Monday": {
            "name": "Every Monday",
            "trigger": {"cron": "0 9 * * 1", "timeZone": "Europe/Sofia"},
            "actions": [
                {"do": "create_job", "type": KIND, "payload": {"documents": [{"type": "invoice", "id": 1}]}},
            ],
        },
    }  # fmt: skip

    name = Text(200, required=True)
    trigger = fields.Nested(TriggerBody, required=True)
    conditions = Conditions(load_default=list)
    actions = Actions(required=True)
    repeat = Flag(load_default=False, description=REPEAT)
    enabled = Flag(load_default=True, description="An automation that is not enabled does nothing.")


class TrialBody(OptionalBody):
    EXAMPLES = {"With the newest events": {}}

    event_id = fields.UUID(metadata={"description": "An event of the trigger's type; without one, the newest 100."})


class Trigger(CamelSchema):
    event = fields.String(allow_none=True)
    cron = fields.String(allow_none=True)
    time_zone = fields.String(allow_none=True)
    meaning = fields.String(allow_none=True, metadata={"description": "The time of a schedule in words."})
    next_at = Instant(allow_none=True)


class Automation(CamelSchema):
    """An automation. `version` goes up with each change; `keyId` is the key in whose name it acts."""

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
    key_id = fields.Integer()
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

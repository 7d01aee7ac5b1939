"""Automations as operations and forms take them."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.http.fields import Flag, Identifier, Text
from api.http.schema import Body, OptionalBody
from domain.accounting.sources import KIND
from domain.automations.actions import MAX_ACTIONS
from domain.automations.conditions import MAX_DEPTH, MAX_NODES

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
        if data.get("event") and data.get("cron"):
            raise ValidationError("does not go together with cron: send one of them", "event")
        if not (data.get("event") or data.get("cron")):
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

    event_id = Identifier(description="An event of the trigger's type; without one, the newest 100.")

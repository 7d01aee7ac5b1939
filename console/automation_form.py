"""The form of an automation, drawn from the catalogue: what it shows, and the body that it means.

It is drawn anew with each row that is added or taken away, by the server: so it works without scripts as well.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import request

from console import forms
from console.events import written
from console.pages import field as said
from domain.automations.actions import DO, all_actions, without_name
from domain.automations.catalogue import TRIGGERS, FieldType, Op
from domain.automations.conditions import ALL, ANY, COMPARISON

TREE = "tree"
EVENT, TIME = "event", "time"
NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,15})?")
MAX_ROWS = 50


@dataclass
class Drawn:
    """What the form shows; values of conditions and parameters are text, as they are typed.

    `match` says whether all rows must hold, or any; or that the conditions are a TREE, in JSON.
    """

    name: str = ""
    by: str = EVENT
    event: str = "invoice.issued"
    cron: str = ""
    time_zone: str = "UTC"
    match: str = ALL
    rows: list[dict[str, str]] = field(default_factory=list)
    tree: str = ""
    actions: list[dict[str, Any]] = field(default_factory=lambda: [{DO: "add_note", "parameters": {}}])
    repeat: bool = False
    enabled: bool = True


def known(given: Mapping[str, Any]) -> Drawn:
    """Return the form of an automation that there is, by the fields that would make it again."""
    trigger, tree = given["trigger"], given["conditions"]
    match, rows = flat(tree) or (TREE, [])
    actions = [{DO: one[DO], "parameters": _texts(without_name(one))} for one in given["actions"]]
    return Drawn(
        name=given["name"],
        by=TIME if "cron" in trigger else EVENT,
        event=trigger.get("event") or Drawn.event,
        cron=trigger.get("cron", ""),
        time_zone=trigger.get("time_zone", "UTC"),
        match=match,
        rows=rows,
        tree=written(tree) if match == TREE else "",
        actions=actions,
        repeat=given["repeat"],
        enabled=given["enabled"],
    )


def typed() -> Drawn:
    """Return the form as it was filled in, with the row that was asked for, or without it."""
    drop, add = said("drop"), said("add")
    match, tree = said("match"), request.form.get("tree", "")
    rows = _listed("conditions", drop, lambda place: {one: said(f"{place}.{one}") for one in ("field", "op", "value")})
    actions = _listed("actions", drop, lambda place: {DO: said(f"{place}.{DO}"), "parameters": _parameters(place)})
    event = said("trigger.event")
    event = event if event in TRIGGERS else Drawn.event
    first, *_ = fields = TRIGGERS[event].fields
    rows = [{**row, "field": row["field"] if row["field"] in fields else first} for row in rows]
    rows += [{"field": first, "op": "", "value": ""}] * (add == "conditions")
    actions += [{DO: "add_note", "parameters": {}}] * (add == "actions")
    return Drawn(
        said("name"), said("by") or EVENT, event, said("trigger.cron"),
        said("trigger.timeZone") or "UTC", match if match in (ALL, ANY, TREE) else ALL, rows, tree, actions,
        "repeat" in request.form, "enabled" in request.form,
    )  # fmt: skip


def body(drawn: Drawn) -> dict[str, Any]:
    """Return the body of the operation that the form means; raise Invalid for what is no JSON."""
    by_time = {"cron": drawn.cron, "timeZone": drawn.time_zone}
    actions = [_action(index, one) for index, one in enumerate(drawn.actions)]
    return {
        "name": drawn.name,
        "trigger": by_time if drawn.by == TIME else {"event": drawn.event},
        "conditions": _conditions(drawn) if drawn.by == EVENT else [],
        "actions": actions,
        "repeat": drawn.repeat,
        "enabled": drawn.enabled,
    }


def flat(tree: Mapping[str, Any]) -> tuple[str, list[dict[str, str]]] | None:
    """Return the rows of a tree that is but one list of comparisons, and how they are joined; None for another."""
    [(name, parts)] = list(tree.items())[:1]
    if name not in (ALL, ANY) or not all(isinstance(one, dict) and one.keys() == COMPARISON for one in parts):
        return None
    return name, [{"field": one["field"], "op": one["op"], "value": _text(one["value"])} for one in parts]


def _conditions(drawn: Drawn) -> Any:
    if drawn.match == TREE:
        return forms.parsed("tree")
    fields = TRIGGERS[drawn.event].fields
    rows = [{**row, "value": _value(fields.get(row["field"]), row["op"], row["value"])} for row in drawn.rows]
    return {drawn.match: rows} if rows else []


def _value(kind: FieldType | None, op: str, text: str) -> Any:
    if op == Op.IN:
        return [_single(kind, one.strip()) for one in text.split(",")]
    return _single(kind, text)


def _single(kind: FieldType | None, text: str) -> Any:
    """Return a value of the type; what is none stays text, for the domain to refuse."""
    if kind in (FieldType.NUMBER, FieldType.INTEGER) and NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    return text


def _action(index: int, one: Mapping[str, Any]) -> dict[str, Any]:
    action = all_actions().get(one[DO])
    if action is None:
        return {DO: one[DO]}
    given = {}
    for name, schema in action.schema["properties"].items():
        text = one["parameters"].get(name, "")
        if text or name in action.schema["required"]:
            given[name] = _parameter(f"actions[{index}].{name}", schema, text)
    return {DO: one[DO], **given}


def _parameter(place: str, schema: Mapping[str, Any], text: str) -> Any:
    """Return a parameter by its schema; text that is a placeholder stays text."""
    match schema.get("type"):
        case "integer":
            return int(text) if text.isdecimal() and len(text) < 20 else text
        case "array":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "object":
            return forms.read_json(text or "{}", place)
    return text


def _parameters(place: str) -> dict[str, str]:
    prefix = f"{place}.parameters."
    return {name.removeprefix(prefix): value for name, value in request.form.items() if name.startswith(prefix)}


def _listed(name: str, drop: str, read: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a list that the form has, without the one that is taken away."""
    marks = {"conditions": "field", "actions": DO}
    places = [place for index in range(MAX_ROWS) if f"{(place := f'{name}[{index}]')}.{marks[name]}" in request.form]
    return [read(place) for place in places if place != drop]


def _text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as they are typed: a list by lines, an object in JSON."""
    return {name: _typed(value) for name, value in parameters.items()}


def _typed(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return written(value) if isinstance(value, dict | list) else str(value)

"""Conditions: a bounded tree of `all`, `any` and `not` over comparisons of an event's fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from domain.automations.catalogue import OPS, FieldType, Op
from domain.errors import MAX_ERRORS, Invalid

MAX_DEPTH, MAX_NODES, MAX_VALUES, MAX_TEXT = 5, 50, 50, 500
ALL, ANY, NOT = "all", "any", "not"
COMPARISON = {"field", "op", "value"}
SHAPE = "must be one of: {all: [...]}, {any: [...]}, {not: {...}}, {field, op, value}"
Fields = Mapping[str, FieldType]


def checked(tree: Any, fields: Fields) -> dict[str, Any]:
    """Return the tree as it is kept; a list means all of it. Raise Invalid, which names wrong parts by their places."""
    tree = {ALL: tree} if isinstance(tree, list) else tree
    check = _Check(fields)
    check.node(tree, "conditions", 1)
    if check.nodes > MAX_NODES:
        check.errors = {"conditions": [f"must not have more than {MAX_NODES} parts"]}
    if check.errors:
        raise Invalid.fields(check.errors)
    return tree


def holds(tree: Mapping[str, Any], fields: Fields, data: Mapping[str, Any]) -> bool:
    """Return whether the tree holds for what an event says."""
    if ALL in tree:
        return all(holds(part, fields, data) for part in tree[ALL])
    if ANY in tree:
        return any(holds(part, fields, data) for part in tree[ANY])
    if NOT in tree:
        return not holds(tree[NOT], fields, data)
    return _compared(tree, fields, data)


def explained(tree: Mapping[str, Any], fields: Fields, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tree with `holds` in each part, and in each comparison what was `found`."""
    outcome = holds(tree, fields, data)
    for name in (ALL, ANY):
        if name in tree:
            return {name: [explained(part, fields, data) for part in tree[name]], "holds": outcome}
    if NOT in tree:
        return {NOT: explained(tree[NOT], fields, data), "holds": outcome}
    return {**tree, "found": data.get(tree["field"]), "holds": outcome}


@dataclass
class _Check:
    fields: Fields
    errors: dict[str, list[str]] = field(default_factory=dict)
    nodes: int = 0

    def node(self, tree: Any, place: str, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(self.errors) >= MAX_ERRORS:
            return
        if not isinstance(tree, dict):
            self.errors[place] = [SHAPE]
        elif depth > MAX_DEPTH:
            self.errors[place] = [f"must not be nested more than {MAX_DEPTH} deep"]
        elif tree.keys() in ({ALL}, {ANY}):
            self._parts(tree, place, depth)
        elif tree.keys() == {NOT}:
            self.node(tree[NOT], f"{place}.{NOT}", depth + 1)
        elif tree.keys() == COMPARISON:
            self._comparison(tree, place)
        else:
            self.errors[place] = [SHAPE]

    def _parts(self, tree: dict[str, Any], place: str, depth: int) -> None:
        [(name, parts)] = tree.items()
        if not isinstance(parts, list):
            self.errors[f"{place}.{name}"] = ["must be a list"]
            return
        if not parts and (name == ANY or depth > 1):
            self.errors[f"{place}.{name}"] = ["must have at least one part"]
        for index, part in enumerate(parts[: MAX_NODES + 1]):
            self.node(part, f"{place}.{name}[{index}]", depth + 1)

    def _comparison(self, tree: dict[str, Any], place: str) -> None:
        kind = self.fields.get(tree["field"]) if isinstance(tree["field"], str) else None
        if kind is None:
            self.errors[f"{place}.field"] = [f"must be one of: {', '.join(self.fields)}"]
        elif tree["op"] not in OPS[kind]:
            self.errors[f"{place}.op"] = [f"must be one of: {', '.join(OPS[kind])}, as the field is of type {kind}"]
        elif told := _wrong_value(kind, tree["op"], tree["value"]):
            self.errors[f"{place}.value"] = [told]


def _wrong_value(kind: FieldType, op: str, value: Any) -> str | None:
    if op != Op.IN:
        return None if _takes(kind, value) else f"must be {MEANT[kind]}"
    if not isinstance(value, list) or not 0 < len(value) <= MAX_VALUES:
        return f"must be a list of 1 to {MAX_VALUES} values"
    return None if all(_takes(kind, one) for one in value) else f"must be a list of values, each {MEANT[kind]}"


MEANT = {
    FieldType.TEXT: f"text of up to {MAX_TEXT} characters",
    FieldType.NUMBER: "a number of up to 15 digits",
    FieldType.INTEGER: "a whole number of up to 19 digits",
    FieldType.DAY: "a day such as 2026-01-31",
    FieldType.TIME: "a time such as 2026-01-31T12:00:00Z",
}


def _takes(kind: FieldType, value: Any) -> bool:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return False
    # A row keeps a fraction as a double: what that rounds would never be what an event says.
    exact = not isinstance(value, float | Decimal) or Decimal(repr(float(value))) == Decimal(str(value))
    return exact and _read(kind, value) is not None


def _read(kind: FieldType, value: Any) -> Any:
    """Return a value as it is compared, None if it is not of the type."""
    try:
        return READ[kind](value)
    except (ValueError, TypeError, ArithmeticError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if isfinite(float(number)) else None


def _integer(value: Any) -> Decimal | None:
    number = _number(value)
    return number if number is not None and number == number.to_integral_value() else None


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-01-31") else None


def _time(value: Any) -> datetime | None:
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    return found if found and found.tzinfo else None


READ: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.INTEGER: _integer,
    FieldType.DAY: _day,
    FieldType.TIME: _time,
}


def _compared(tree: Mapping[str, Any], fields: Fields, data: Mapping[str, Any]) -> bool:
    """Compare one field; what an event does not say is no value at all, and differs from each."""
    kind, op, wanted = fields.get(tree["field"]), tree["op"], tree["value"]
    found = None if kind is None else _read(kind, data.get(tree["field"]))
    if kind is None or found is None:
        return op == Op.IS_NOT
    if op == Op.IN:
        return found in [_read(kind, one) for one in wanted]
    return _holds(op, found, _read(kind, wanted))


def _holds(op: str, found: Any, wanted: Any) -> bool:
    match op:
        case Op.IS:
            return found == wanted
        case Op.IS_NOT:
            return found != wanted
        case Op.CONTAINS:
            return wanted.casefold() in found.casefold()
        case Op.AT_LEAST:
            return found >= wanted
        case _:
            return found <= wanted


def used(tree: Mapping[str, Any]) -> bool:
    """Return whether there is anything to hold at all."""
    parts: Sequence[Any] | None = tree.get(ALL)
    return parts is None or bool(parts)

"""What automations can do, an action a file. Each has a name, the permission that it takes, and a JSON Schema."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from sqlalchemy.orm import Session

from domain.automations import placeholders
from domain.errors import Invalid, PermanentError
from domain.jobs.payloads import wrong_fields

MAX_ACTIONS = 10
DO = "do"


class Acting(NamedTuple):
    """In whose name an action is done: within the transaction of its run."""

    session: Session
    organization_id: int
    owner: str
    run_id: int


Perform = Callable[[Acting, Mapping[str, Any]], dict[str, Any]]


class Action(NamedTuple):
    """An action. What it returns is shown with the run; a `jobId` in it is a job that the run has caused.

    It refuses by raising a PermanentError; what it then has written is undone. `check` is given the parameters, with
    samples in place of placeholders, as an automation is made, and raises Invalid.
    """

    name: str
    told: str
    permission: str
    schema: Mapping[str, Any]
    perform: Perform
    check: Callable[[Mapping[str, Any]], object] | None = None


_actions: dict[str, Action] = {}


def action(
    name: str,
    *,
    told: str,
    permission: str,
    properties: Mapping[str, Any],
    optional: tuple[str, ...] = (),
    check: Callable[[Mapping[str, Any]], object] | None = None,
) -> Callable[[Perform], Perform]:
    """Register the decorated function as what `name` does; `properties` are its parameters in JSON Schema."""
    required = [one for one in properties if one not in optional]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def decorate(perform: Perform) -> Perform:
        _actions[name] = Action(name, told, permission, schema, perform, check)
        return perform

    return decorate


@cache
def all_actions() -> dict[str, Action]:
    """Return every action by its name; each file of this folder has one."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return _actions


def find(name: str) -> Action:
    """Return the action of that name; raise PermanentError if there is none any more."""
    if name not in all_actions():
        raise PermanentError(f"there is no action {name!r} any more")
    return all_actions()[name]


def checked(actions: Any, names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the actions as they are kept; raise Invalid, which names each wrong field by its place.

    `names` has what their placeholders may stand for, each with a sample.
    """
    if not isinstance(actions, list) or not 0 < len(actions) <= MAX_ACTIONS:
        raise Invalid.fields({"actions": [f"must be a list of 1 to {MAX_ACTIONS} actions"]})
    errors: dict[str, list[str]] = {}
    for index, given in enumerate(actions):
        for field, text in _wrong(given, names):
            place = f"actions[{index}]"
            errors.setdefault(f"{place}.{field}" if field else place, []).append(text)
    if errors:
        raise Invalid.fields(errors)
    return actions


def parameters(name: str, given: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an action with its placeholders replaced; raise PermanentError if they do not fit."""
    own = _filled(find(name), given, values)
    if wrong := list(_unfit(find(name), own)):
        raise PermanentError("; ".join(f"{field} {text}" for field, text in wrong))
    return own


def without_name(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an action as its automation has them."""
    return {name: value for name, value in given.items() if name != DO}


def _wrong(given: Any, names: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = given.get(DO) if isinstance(given, dict) else None
    if not isinstance(name, str) or name not in all_actions():
        yield DO, f"must be one of: {', '.join(sorted(all_actions()))}"
        return
    own = without_name(given)
    if strange := sorted(set(placeholders.unknown(own, names))):
        yield "", f"has placeholders that stand for nothing: {', '.join(strange)}; known: {', '.join(names)}"
        return
    known = find(name)
    try:
        own = _filled(known, own, names)
    except PermanentError as refused:
        yield "", f"cannot be: {refused}"
        return
    wrong = list(_unfit(known, own))
    yield from wrong
    if not wrong and known.check:
        try:
            known.check(own)
        except Invalid as invalid:
            yield from ((field, text) for field, texts in invalid.errors.items() for text in texts)


def _filled(known: Action, own: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with their placeholders replaced; a number becomes text where text is asked for."""
    texts = {name for name, one in known.schema.get("properties", {}).items() if one.get("type") == "string"}
    filled = placeholders.filled(own, values)
    return {name: _written(value) if name in texts else value for name, value in filled.items()}


def _written(value: Any) -> Any:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return placeholders.written(value) if is_number else value


def _unfit(known: Action, own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = wrong_fields(Draft202012Validator(known.schema), own)
    yield from ((field, text) for field, texts in found.items() for text in texts)

"""JSON in which no amount ever passes through a float."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from flask.json.provider import DefaultJSONProvider

from domain import text
from domain.invoices.ledger import decimal
from domain.jobs.payloads import UNSTORABLE

MAX_INTEGER_CHARACTERS = 19
# Far beyond any amount; written out, 1e999999999 would fill the memory.
MAX_EXPONENT = 1000
# Far below the interpreter's own limit, which is met at another depth in each function that walks through a value.
MAX_DEPTH = 100
TOO_DEEP = f"the body must not be nested more than {MAX_DEPTH} deep"
MAX_NAME_SHOWN = 100
# Counted by what stands before each value, in texts too. So many take a second.
MAX_VALUES = 500_000


class MalformedJson(Exception):
    """The text is not JSON that can be taken; the message says why."""


class ExactProvider(DefaultJSONProvider):
    """Flask's JSON with decimals written as number literals, digit by digit."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return dumps(obj)


def dumps(value: Any) -> str:
    """Return the JSON text of `value`: sorted names, no white space, decimals exact."""
    return orjson.dumps(value, default=_literal, option=orjson.OPT_SORT_KEYS).decode()


def canonical(value: Any) -> bytes:
    """Return a text that two parsed bodies share exactly when they mean the same: 1.0 is 1, the order is nothing."""
    # Not by orjson, which refuses half a surrogate pair; one bad element of a bulk must not refuse the others.
    return json.dumps(value, default=_unlike_any_text, sort_keys=True, separators=(",", ":")).encode()


def loads(body: str | bytes) -> Any:
    """Return the value with every fraction as a Decimal and every text in NFC; raise MalformedJson."""
    if _separators(body) > MAX_VALUES:
        raise MalformedJson(f"the body must not have more than {MAX_VALUES:,} values: send less at once")
    try:
        value = json.loads(
            body, parse_float=_decimal, parse_int=_integer, parse_constant=Decimal, object_pairs_hook=_object
        )
    except UnicodeDecodeError:
        raise MalformedJson("the body is not UTF-8") from None
    except ValueError as error:
        raise MalformedJson(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise MalformedJson(TOO_DEEP) from None
    if _is_deeper(value, MAX_DEPTH):
        raise MalformedJson(TOO_DEEP)
    return value


def _separators(body: str | bytes) -> int:
    if isinstance(body, str):
        return body.count(",") + body.count("[") + body.count("{")
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _literal(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(decimal(value)) if value.is_finite() else str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _unlike_any_text(value: Decimal) -> int | dict[str, str]:
    if value.is_finite() and value == value.to_integral_value():
        return int(value)
    return {"\0": decimal(value) if value.is_finite() else str(value)}  # no caller's object has such a name


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= MAX_INTEGER_CHARACTERS else _decimal(digits)


def _decimal(digits: str) -> Decimal:
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return Decimal("Infinity")
    return value if abs(value.adjusted()) <= MAX_EXPONENT else Decimal("Infinity")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; its names are repeated in messages, so they must be text that can be sent and kept."""
    found: dict[str, Any] = {}
    for given, value in pairs:
        name = _text(given)
        if UNSTORABLE.search(name):
            raise MalformedJson("a name must not contain NUL or half a surrogate pair")
        if name in found:
            raise MalformedJson(f'the name "{name[:MAX_NAME_SHOWN]}" stands twice in one object')
        found[name] = _stored(value)
    return found


def _stored(value: Any) -> Any:
    if isinstance(value, list):
        return [_stored(inner) for inner in value]
    return _text(value) if isinstance(value, str) else value


def _text(given: str) -> str:
    try:
        return text.stored(given)
    except text.Unbounded as refused:
        raise MalformedJson(f"a text {refused}") from None


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether a container of `value` lies more than so many levels down."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(one, levels - 1) for one in inner if isinstance(one, dict | list))

"""JSON in which no amount ever passes through a float."""

import json
import re
import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from flask.json.provider import DefaultJSONProvider

from domain.invoices.ledger import decimal
from domain.jobs.payloads import UNSTORABLE

# Nobody outside can know it, so no text of a caller is ever taken for an amount.
MARK = f"decimal-{secrets.token_hex(16)}:"
MARKED = re.compile(f'"{MARK}(-?[0-9.]+)"')
LONGEST_INTEGER = 19
# Far beyond any amount; written out, 1e999999999 would fill the memory.
LARGEST_EXPONENT = 1000


class MalformedJson(Exception):
    """The text is no JSON; the message says where."""


class ExactProvider(DefaultJSONProvider):
    """Flask's JSON with decimals written as number literals, digit by digit."""

    ensure_ascii = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        kwargs = {"default": _marked, "separators": (",", ":")} | kwargs
        return MARKED.sub(r"\1", super().dumps(obj, **kwargs))


def dumps(value: Any) -> str:
    """Return the canonical text of `value`: sorted keys, no white space, decimals exact."""
    text = json.dumps(value, default=_marked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return MARKED.sub(r"\1", text)


def loads(text: str | bytes) -> Any:
    """Return the value with every fraction as a Decimal; raise MalformedJson."""
    try:
        return json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=Decimal, object_pairs_hook=_object
        )
    except UnicodeDecodeError:
        raise MalformedJson("the body is not UTF-8") from None
    except ValueError as error:
        raise MalformedJson(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise MalformedJson("the body is nested too deeply") from None


def _marked(value: Any) -> str:
    if isinstance(value, Decimal):
        return MARK + decimal(value) if value.is_finite() else str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= LONGEST_INTEGER else _decimal(text)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")
    return value if abs(value.adjusted()) <= LARGEST_EXPONENT else Decimal("Infinity")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; its names are repeated in messages, so they must be text that can be sent and kept."""
    if any(UNSTORABLE.search(name) for name, _ in pairs):
        raise MalformedJson("a name must not contain NUL or half a surrogate pair")
    return dict(pairs)

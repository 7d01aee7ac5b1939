"""`{{data.invoiceNumber}}` in a parameter stands for what the event says: names are replaced, nothing is computed."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.errors import PermanentError

NAME = re.compile(r"\{\{\s*([A-Za-z]+(?:\.[A-Za-z]+)?)\s*\}\}")
MAX_TEXT = 20_000


def unknown(value: Any, names: Mapping[str, Any]) -> Iterator[str]:
    """Yield each placeholder in a value that stands for nothing."""
    for text in _texts(value):
        yield from (name for name in NAME.findall(text) if name not in names)
        if "{{" in NAME.sub("", text):
            yield "{{"


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """Return the value with its placeholders replaced; text that is nothing but one becomes what it stands for.

    Raise PermanentError for one that stands for nothing here, or if a text becomes too long.
    """
    match value:
        case str():
            return _text(value, values)
        case Mapping():
            return {name: filled(inner, values) for name, inner in value.items()}
        case list():
            return [filled(inner, values) for inner in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)


def _text(text: str, values: Mapping[str, Any]) -> Any:
    if whole := NAME.fullmatch(text):
        return _value(whole.group(1), values)
    replaced = NAME.sub(lambda found: written(_value(found.group(1), values)), text)
    if len(replaced) > MAX_TEXT:
        raise PermanentError(f"a parameter is longer than {MAX_TEXT:,} characters once its placeholders are replaced")
    return replaced


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if values.get(name) is None:
        raise PermanentError(f"{{{{{name}}}}} stands for nothing: the event does not say it")
    return values[name]


def written(value: Any) -> str:
    """Return a value as it stands in a text: numbers as they were told."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)

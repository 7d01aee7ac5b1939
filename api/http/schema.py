"""The rules of every request and answer: camelCase, snake_case welcome, nothing unknown."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, missing, post_load, pre_load

from api.http.fields import Many

REQUIRED = "is required"
NULL = "must not be null"
UNKNOWN = "is not a known field"


def camel_case(name: str) -> str:
    """Return `name` in the spelling of the API's JSON."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class CamelSchema(Schema):
    """Its fields are camelCase in JSON."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "CamelSchema":
        """Return itself, as it never changes: flask-smorest copies what a view is documented by at each decorator."""
        return self

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        if field_obj.data_key is None:
            field_obj.data_key = camel_case(field_name)
        field_obj.error_messages = {**field_obj.error_messages, "required": REQUIRED, "null": NULL}


class Body(CamelSchema):
    """A request's JSON object: every wrong and every unknown field is named; null means what absence means."""

    error_messages = {"unknown": UNKNOWN, "type": "must be a JSON object"}
    # By title; each is accepted as it stands by a fresh stack that has what it refers to.
    EXAMPLES: Mapping[str, Any] = {}

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        super().on_bind_field(field_name, field_obj)
        if _is_unbounded(field_obj):
            raise TypeError(f"{type(self).__name__}.{field_name} must be a Many, which says how long it may be")
        if _is_stock(field_obj):
            raise TypeError(f"{type(self).__name__}.{field_name} must be of api.http.fields, which refuse in our words")

    @pre_load
    def accept_snake_case(self, data: Any, **kwargs: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        spellings = {name: str(field.data_key) for name, field in self.fields.items()}
        twice = {key: name for name, key in spellings.items() if name != key and name in data and key in data}
        if twice:
            raise ValidationError({key: [f"is given twice, also as {name}"] for key, name in twice.items()})
        return {spellings.get(name, name): data[name] for name in data}

    @post_load
    def take_null_for_absence(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        defaults = {name: field.load_default for name, field in self.fields.items()}
        known = {name: defaults.get(name) if value is None else value for name, value in data.items()}
        return {name: value for name, value in known.items() if value is not None and value is not missing}


def _is_unbounded(field: fields.Field) -> bool:
    if isinstance(field, fields.List):
        return not isinstance(field, Many) or _is_unbounded(field.inner)
    return isinstance(field, fields.Nested) and bool(field.many)


def _is_stock(field: fields.Field) -> bool:
    if isinstance(field, Many):
        return _is_stock(field.inner)
    return type(field).__module__ == fields.__name__ and not isinstance(field, fields.Nested | fields.Raw)


class OptionalBody(Body):
    """A request's JSON object that may be left out."""


class Query(Body):
    """A query string; an unknown parameter is refused, so that a misspelt filter does not show everything."""

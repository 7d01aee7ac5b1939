"""The shape of payloads: checked when they are submitted, brought up to date when they are run."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import islice
from math import inf, isfinite
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from db.jobs import UNSTORABLE, ClaimedJob
from domain.errors import MAX_ERRORS, Invalid
from domain.jobs.registry import Kind, find
from domain.jobs.work import Payload, PermanentError


class FromTheFuture(Exception):
    """A newer program wrote the payload; this one must leave it to the newer."""


def _of_few(validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Look at no element of a list that is too long: `maxItems` says so."""
    if isinstance(instance, list) and len(instance) <= schema.get("maxItems", inf):
        yield from Draft202012Validator.VALIDATORS["items"](validator, items, instance, schema)


SizeFirst = extend(Draft202012Validator, {"items": _of_few})


def check(kind: Kind, payload: Payload) -> None:
    """Raise Invalid, which names every field that is wrong, unless the kind's schema takes `payload`."""
    errors: dict[str, list[str]] = {}
    require_storable(payload, "payload")
    for field, messages in wrong_fields(_validator(kind.name), payload).items():
        errors.setdefault(f"payload.{field}" if field else "payload", []).extend(messages)
    if errors:
        raise Invalid.fields(errors)


def require_storable(value: Any, field: str) -> None:
    """Raise Invalid for a value with what jsonb cannot hold, or PAYLOADS not write."""
    if any(not isfinite(float(number)) for number in _numbers(value)):
        raise Invalid.fields({field: ["must hold no NaN, and no number beyond 1e308"]})
    if any(UNSTORABLE.search(text) for text in _texts(value)):
        raise Invalid.fields({field: ["must not contain NUL or half a surrogate pair"]})


def wrong_fields(validator: Any, value: Any) -> dict[str, list[str]]:
    """Return the messages of each field that a JSON Schema refuses, those of the whole under ""."""
    errors: dict[str, list[str]] = {}
    for error in sorted(islice(validator.iter_errors(value), MAX_ERRORS), key=lambda e: e.json_path):
        for field, message in _told(error):
            if message not in errors.setdefault(field, []):  # the library tells of each missing field for each of them
                errors[field].append(message)
    return errors


def current(kind: Kind, job: ClaimedJob) -> ClaimedJob:
    """Return the job with its payload as the kind's version has it; raise PermanentError or FromTheFuture."""
    return job._replace(payload=dict(upgraded(kind, job.payload, job.payload_version)))


def upgraded(kind: Kind, payload: Payload, version: int) -> Payload:
    """Return a payload of `version` as the kind's version has it; raise PermanentError or FromTheFuture."""
    if version > kind.version:
        raise FromTheFuture(f"payload version {version} of {kind.name}, known up to {kind.version}")
    for older in range(version, kind.version):
        if older not in kind.upgrades:
            raise PermanentError(f"payload version {older} of {kind.name} is no longer understood; submit it again")
        payload = kind.upgrades[older](payload)
    return payload


@cache
def _validator(kind_name: str) -> Any:
    return SizeFirst(find(kind_name).schema or {})


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for name, inner in value.items():
                yield from (name, *_texts(inner))
        case list():
            for inner in value:
                yield from _texts(inner)


def _numbers(value: Any) -> Iterator[Decimal]:
    match value:
        case Decimal():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _numbers(inner)
        case list():
            for inner in value:
                yield from _numbers(inner)


def _told(error: ValidationError) -> Iterator[tuple[str, str]]:
    field = error.json_path.removeprefix("$").removeprefix(".")
    schema: Any = error.schema
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            yield from ((f"{field}.{name}".lstrip("."), "is required") for name in missing)
        case "additionalProperties":
            unknown = sorted(error.instance.keys() - schema.get("properties", {}).keys())
            yield from ((f"{field}.{name}".lstrip("."), "is not a known field") for name in unknown)
        case "type":
            yield field, f"must be of type {error.validator_value}"
        case "enum":
            yield field, f"must be one of: {', '.join(map(str, error.validator_value))}"
        case "minimum":
            yield field, f"must be at least {error.validator_value}"
        case "maximum":
            yield field, f"must be at most {error.validator_value}"
        case _:
            yield field, f"must satisfy {error.validator}: {error.validator_value}"

"""Every kind of work, by name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

import settings
from domain.jobs.lanes import DEFAULT, LANES
from domain.schedules.timing import CatchUp, schedule_error

Payload = Mapping[str, Any]
# In JSON Schema: the keywords that hold schemas by name, and those that hold values.
SCHEMAS_BY_NAME = {"properties", "patternProperties", "dependentSchemas", "$defs"}
VALUES = {"enum", "const", "default", "examples"}
# The field of a payload that has its personal fields, encrypted.
SEALED = "personal"


class UnknownKind(Exception):
    """No kind of that name is registered here."""


@dataclass(frozen=True)
class Kind:
    """A kind of work. `group` is how many jobs one transaction may carry; a `stepwise` handler is a generator.

    So is one that works `outside`: between its two transactions, with none open. A group of a kind that is `by_key` has
    jobs of one group key alone.
    `backoff` is the seconds before the second attempt, `timeout` the seconds that a run may take, None for two thirds
    of COUNTERFOIL_TASK_TIMEOUT. `schema` is the JSON Schema (2020-12) of the payloads that callers may submit, None if
    callers may submit none; `permission` is what they need for it. `personal` names the fields that concern
    persons: no page shows them at any depth, and those of the payload itself are encrypted until the job is completed,
    then forgotten. `submit` does what a submission needs beyond checking the payload, writes the
    job and returns its id; `cancelled` is given the session, organization, job and payload in the transaction that
    cancels it. `upgrades` turns the payload of each older version into that of the next
    one. `every` so many seconds, or as a `cron` expression in `time_zone` says, a job of the kind with no payload is
    owed; `catch_up` says what becomes of slots that were missed. A job sees the rows of its organization alone, unless
    its kind is for work `everywhere`, or has a schedule and so is the installation's.
    """

    name: str
    handler: Callable[..., Any]
    stepwise: bool = False
    outside: bool = False
    lane: str = DEFAULT
    group: int = 1
    by_key: bool = False
    max_attempts: int = 3
    backoff: float = 120.0
    timeout: float | None = None
    schema: Mapping[str, Any] | None = None
    permission: str = "jobs:create"
    personal: tuple[str, ...] = ()
    submit: Callable[..., int] | None = None
    cancelled: Callable[[Session, int, int, Payload], object] | None = None
    version: int = 1
    upgrades: Mapping[int, Callable[[Payload], Payload]] = field(default_factory=dict)
    every: int | None = None
    cron: str | None = None
    time_zone: str = "UTC"
    catch_up: str = CatchUp.ONCE
    everywhere: bool = False

    @property
    def soft_time_limit(self) -> float:
        """Return the seconds that a run may take by the settings of now."""
        return settings.current().task_timeout * 2 / 3 if self.timeout is None else self.timeout

    @property
    def forgotten(self) -> tuple[str, ...]:
        """Return the fields of a payload that a completed job keeps no more."""
        return (*self.personal, SEALED) if self.personal else ()

    @property
    def sees_all(self) -> bool:
        """Return whether its jobs see the rows of all organizations."""
        return self.everywhere or self.every is not None or self.cron is not None

    @property
    def origin(self) -> str:
        """Return where the handler is written: its module and name."""
        return f"{self.handler.__module__}.{self.handler.__qualname__}"


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make the kind known by its name.

    Raise ValueError if another kind has it, for an unknown lane, a payload schema with a list of any length, or a
    schedule that means nothing.
    """
    if taken := _kinds.get(kind.name):
        raise ValueError(f"two kinds are called {kind.name}: {taken.origin} and {kind.origin}")
    if kind.lane not in LANES:
        raise ValueError(f"the lane of {kind.name} must be one of {', '.join(LANES)}, not {kind.lane!r}")
    if any(_is_unbounded(schema) for schema in _schemas(kind.schema or {})):
        raise ValueError(f"the payload schema of {kind.name} must give maxItems for every array")
    if told := schedule_error(kind.cron, kind.every, kind.time_zone, kind.catch_up):
        raise ValueError(f"the schedule of {kind.name}: {told}")
    _kinds[kind.name] = kind


def _is_unbounded(schema: Mapping[str, Any]) -> bool:
    return ("items" in schema or schema.get("type") == "array") and "maxItems" not in schema


def _schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema and all within it."""
    yield schema
    for name, part in schema.items():
        parts = part.values() if name in SCHEMAS_BY_NAME else part if isinstance(part, list | tuple) else (part,)
        for inner in parts:
            if isinstance(inner, Mapping) and name not in VALUES:
                yield from _schemas(inner)


def find(name: str) -> Kind:
    """Return the kind called `name`; raise UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"unknown kind {name!r}; known: {', '.join(sorted(_kinds))}") from None


def registered(name: str) -> Kind | None:
    """Return the kind called `name`, None if no kind of that name is registered here."""
    return _kinds.get(name)


def permission_for(name: str) -> str | None:
    """Return what it takes to have a job of the kind done, None if callers may submit none of it."""
    kind = registered(name)
    return kind.permission if kind and kind.schema is not None else None


def kinds() -> list[Kind]:
    """Return every registered kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


def submittable() -> list[Kind]:
    """Return every kind that callers may submit, by name."""
    return [kind for kind in kinds() if kind.schema is not None]

"""Every kind of work, by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isgeneratorfunction
from typing import Any

from sqlalchemy.orm import Session

import settings
from db.jobs import ClaimedJob
from domain.jobs.lanes import DEFAULT
from domain.jobs.work import Context, GroupHandler, Outcome, Payload, PlainHandler


class UnknownKind(Exception):
    """No kind of that name is registered here."""


@dataclass(frozen=True)
class Kind:
    """A kind of work. `group` is how many jobs one transaction may carry; a `stepwise` handler is a generator.

    `backoff` is the seconds before the second attempt, `timeout` those that a delivery may take. `schema` is the JSON
    Schema (2020-12) of the payloads that callers may submit, None if there is another way in; `submit` is what a
    submission does beyond writing the job; `cancelled` is given the organization, job and payload in the transaction
    that cancels it. `upgrades` turns payloads of an older version into the next one's.
    """

    name: str
    handler: Callable[..., Any]
    stepwise: bool = False
    lane: str = DEFAULT
    group: int = 1
    max_attempts: int = 3
    backoff: float = 120.0
    timeout: float = settings.current().task_timeout * 2 / 3
    schema: Mapping[str, Any] | None = None
    submit: Callable[..., int] | None = None
    cancelled: Callable[[Session, int, int, Payload], object] | None = None
    version: int = 1
    upgrades: Mapping[int, Callable[[Payload], Payload]] = field(default_factory=dict)


_kinds: dict[str, Kind] = {}


def job(name: str, *, group: int | None = None, **policy: Any) -> Callable[[Any], Any]:
    """Register the decorated handler as kind `name`.

    Without `group` the handler takes (context, job) and returns the result, or yields Progress on the way to it; with
    `group`, (context, jobs) and returns one result or PermanentError for each job, in order.
    """

    def register(handler: Any) -> Any:
        if name in _kinds:
            raise ValueError(f"two kinds are called {name}")
        stepwise = isgeneratorfunction(handler)
        run = handler if group or stepwise else _each(handler)
        _kinds[name] = Kind(name, run, stepwise, group=group or 1, **policy)
        return handler

    return register


def _each(handler: PlainHandler) -> GroupHandler:
    def handle(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
        return [handler(context, jobs[0]) or {}]

    return handle


def find(name: str) -> Kind:
    """Return the kind called `name`; raise UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"unknown kind {name!r}; known: {', '.join(sorted(_kinds))}") from None


def registered(name: str) -> Kind | None:
    """Return the kind called `name`, None if no kind of that name is registered here."""
    return _kinds.get(name)


def kinds() -> list[Kind]:
    """Return every registered kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]

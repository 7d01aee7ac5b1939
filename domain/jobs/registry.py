"""Every kind of work, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from db.queue import ClaimedJob
from settings import settings

LANES = ("urgent", "default", "io")


class PermanentError(Exception):
    """Trying again cannot help; the message is what the caller reads."""


class UnknownKind(Exception):
    """No kind of that name is registered here."""


@dataclass(frozen=True)
class Context:
    """What a handler works with: the session of the one transaction that its effects and its completion share."""

    session: Session


Outcome = dict[str, Any] | PermanentError
GroupHandler = Callable[[Context, Sequence[ClaimedJob]], Sequence[Outcome]]
PlainHandler = Callable[[Context, ClaimedJob], dict[str, Any] | None]


@dataclass(frozen=True)
class Kind:
    """A kind of work. `group` is how many jobs one transaction may carry.

    `backoff` is the seconds before the second attempt, `timeout` those that a delivery may take.
    """

    name: str
    handler: GroupHandler
    lane: str = "default"
    group: int = 1
    max_attempts: int = 3
    backoff: float = 120.0
    timeout: float = settings.task_timeout * 2 / 3


_kinds: dict[str, Kind] = {}


def job(name: str, *, group: int | None = None, **policy: Any) -> Callable[[Any], Any]:
    """Register the decorated handler as kind `name`.

    Without `group` the handler takes (context, job) and returns the result; with it, (context, jobs) and returns one
    result or PermanentError for each job, in order.
    """

    def register(handler: Any) -> Any:
        if name in _kinds:
            raise ValueError(f"two kinds are called {name}")
        _kinds[name] = Kind(name, handler if group else _each(handler), group=group or 1, **policy)
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


def kinds() -> list[Kind]:
    """Return every registered kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]

"""On whose behalf this thread works: for the rows that say so, and to see no rows of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Act(NamedTuple):
    """Who does what. `actor` is `key:7`, as rows have it; `actor_name` what people call it.

    `action` is an operationId, `target` a path, `address` where the request came from.
    """

    organization_id: int
    actor: str
    actor_name: str
    address: str | None
    action: str
    target: str


_act: ContextVar[Act | None] = ContextVar("act", default=None)
_organization_id: ContextVar[int | None] = ContextVar("organization_id", default=None)


def start(act: Act, everywhere: bool = False) -> None:
    """Have what this thread does be part of `act`, and its transactions see its organization alone, or all."""
    _act.set(act)
    _organization_id.set(None if everywhere else act.organization_id)


def end() -> None:
    """Have this thread do Counterfoil's own work again."""
    _act.set(None)
    _organization_id.set(None)


def current() -> Act | None:
    """Return the act that this thread is at, None if it does Counterfoil's own work."""
    return _act.get()


def actor() -> str | None:
    """Return who acts in this thread, None if it is Counterfoil itself."""
    act = _act.get()
    return act and act.actor


def organization_id() -> int | None:
    """Return the organization to which this thread's transactions are confined, None if they see all."""
    return _organization_id.get()


@contextmanager
def confined(organization_id: int | None) -> Iterator[None]:
    """Have the transactions of this thread see and write the rows of one organization alone, or of all by None."""
    token = _organization_id.set(organization_id)
    try:
        yield
    finally:
        _organization_id.reset(token)

"""All that a kind imports of the queue: the decorator, and what a handler is given and gives back."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.jobs import ClaimedJob
from domain.errors import PermanentError
from domain.jobs.registry import Kind, Payload, register

__all__ = ["ClaimedJob", "Context", "Outcome", "Payload", "PermanentError", "Progress", "Steps", "job"]


@dataclass
class Context:
    """The transaction that a handler works in, and where it begins.

    `session` is the one transaction that its effects share with its completion; a handler that yields gets a new one
    after each yield. `cursor` is how many items were done when the job was claimed.
    """

    cursor: int = 0
    session: Session = field(init=False)

    def within(self, session: Session) -> "Context":
        """Return the context, which works in `session` from now on."""
        self.session = session
        return self


class Progress(NamedTuple):
    """`done` of `total` items are done, and stay done once this is yielded."""

    done: int
    total: int


Outcome = dict[str, Any] | PermanentError
GroupHandler = Callable[[Context, Sequence[ClaimedJob]], Sequence[Outcome]]
PlainHandler = Callable[[Context, ClaimedJob], dict[str, Any] | None]
Steps = Generator[Progress, None, dict[str, Any] | None]


def job(name: str, *, group: int | None = None, **policy: Any) -> Callable[[Any], Any]:
    """Register the decorated handler as kind `name`; `policy` is the other fields of `Kind`.

    Without `group` the handler takes (context, job) and returns the result, or yields Progress on the way to it; with
    `group`, (context, jobs) and returns one result or PermanentError for each job, in order.
    """

    def decorate(handler: Any) -> Any:
        stepwise = isgeneratorfunction(handler)
        if group and stepwise:
            raise ValueError(f"the handler of {name} yields, so it runs one job at a time: leave out group")
        run = handler if group or stepwise else _one_by_one(handler)
        register(Kind(name, run, stepwise, group=group or 1, **policy))
        return handler

    return decorate


def _one_by_one(handler: PlainHandler) -> GroupHandler:
    @wraps(handler)
    def handle(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
        return [handler(context, jobs[0]) or {}]

    return handle

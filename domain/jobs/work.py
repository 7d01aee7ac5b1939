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

__all__ = [
    "ClaimedJob", "Context", "Errand", "Later", "Onward", "Outcome", "Payload", "PermanentError", "Progress", "Retry",
    "Steps", "job",
]  # fmt: skip


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


class Retry(NamedTuple):
    """The job is tried again after `seconds`, or has FAILED if this was its last attempt; `reason` is its error."""

    seconds: float
    reason: str


class Later(NamedTuple):
    """The job goes on after `seconds`, and no attempt is counted: it was not its turn."""

    seconds: float


class Onward(NamedTuple):
    """What a lone job does outside next: `done` of `total` items stay done once this is yielded."""

    act: Callable[[], Any]
    done: int
    total: int


Outcome = dict[str, Any] | PermanentError | Retry | Later
GroupHandler = Callable[[Context, Sequence[ClaimedJob]], Sequence[Outcome]]
PlainHandler = Callable[[Context, ClaimedJob], dict[str, Any] | None]
Steps = Generator[Progress, None, dict[str, Any] | Later | None]
# Yields what is to be done outside, and is sent what that returned: once, or for a lone job Onward again and again.
Errand = Generator[Callable[[], Any] | Onward, Any, Sequence[Outcome]]


def job(name: str, *, group: int | None = None, outside: bool = False, **policy: Any) -> Callable[[Any], Any]:
    """Register the decorated handler as kind `name`; `policy` is the other fields of `Kind`.

    Without `group` the handler takes (context, job) and returns the result, or yields Progress on the way to it, and
    may return Later to go on from there; with `group`, (context, jobs) and returns an Outcome for each job, in order.
    One that works `outside` takes (context, jobs) as well and yields a function, which is called while no transaction
    is open.
    """

    def decorate(handler: Any) -> Any:
        yields = isgeneratorfunction(handler)
        if outside and not yields:
            raise ValueError(f"the handler of {name} must yield what it does outside")
        if group and yields and not outside:
            raise ValueError(f"the handler of {name} yields, so it runs one job at a time: leave out group")
        run = handler if group or yields else _one_by_one(handler)
        stepwise = yields and not outside
        register(Kind(name, run, stepwise, outside, group=group or 1, **policy))
        return handler

    return decorate


def _one_by_one(handler: PlainHandler) -> GroupHandler:
    @wraps(handler)
    def handle(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
        return [handler(context, jobs[0]) or {}]

    return handle

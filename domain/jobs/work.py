"""What a handler of work is given, and what it gives back."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.jobs import ClaimedJob

Payload = Mapping[str, Any]


class PermanentError(Exception):
    """Trying again cannot help; the message is what the caller reads."""


@dataclass
class Context:
    """What a handler works with.

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
    """So many items of `total` are done, and stay done once this is yielded."""

    done: int
    total: int


Outcome = dict[str, Any] | PermanentError
GroupHandler = Callable[[Context, Sequence[ClaimedJob]], Sequence[Outcome]]
PlainHandler = Callable[[Context, ClaimedJob], dict[str, Any] | None]
Steps = Generator[Progress, None, dict[str, Any] | None]

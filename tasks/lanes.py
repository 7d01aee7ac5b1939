"""How much work a lane of the broker holds, so that little waits there and the order stays with the database."""

from collections import deque

from domain.jobs.registry import kinds
from domain.jobs.turns import Turns
from settings import settings
from tasks.message import Message

# What a message should take: long enough that its overhead does not matter, short enough that others need not wait.
# A kind that was never measured is taken to keep to it.
MESSAGE_SECONDS = 0.15


class Costs(dict[str, float]):
    """Seconds that a job of each kind takes, as measured lately."""

    def __init__(self, measured: dict[str, float] | None = None) -> None:
        super().__init__(measured or {})
        self._groups = {kind.name: kind.group for kind in kinds()}

    def __missing__(self, kind: str) -> float:
        return MESSAGE_SECONDS / self._groups.get(kind, 1)

    def group_size(self, kind: str) -> int:
        """Return how many jobs of the kind one message should carry."""
        return max(1, min(self._groups.get(kind, 1), round(MESSAGE_SECONDS / max(self[kind], 1e-6))))


class Lane:
    """One queue of the broker, with the seconds of work in each message that still waits there."""

    def __init__(self, name: str) -> None:
        self.name, self.turns = name, Turns()
        self._waiting: deque[float] = deque()
        self._depth: int | None = None

    @property
    def must_be_looked_at(self) -> bool:
        """Tell whether the queue's length is unknown, or was not zero."""
        return self._depth != 0

    def look(self, depth: int) -> bool:
        """Take note of how many messages wait; return whether some that waited are gone."""
        drained = self._depth is not None and depth < self._depth
        while len(self._waiting) > depth:
            self._waiting.popleft()
        self._depth = depth
        return drained

    def add(self, message: Message, costs: Costs) -> None:
        """Take note of a message that was just sent."""
        self._waiting.append(costs[message.kind] * len(message.job_ids))
        self._depth = (self._depth or 0) + 1

    def room(self) -> float:
        """Return how many seconds of work may be sent; 0 when enough waits there, or nobody works on it."""
        depth = self._depth or 0
        if depth >= settings.max_broker_depth:
            return 0.0
        ahead = settings.work_ahead_ms / 1000
        strangers = depth - len(self._waiting)
        return max(0.0, ahead - sum(self._waiting) - strangers * ahead)

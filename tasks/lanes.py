"""How much work a lane of the broker holds, so that little waits there and the order stays with the database."""

from collections import deque

import settings
from domain.jobs.dispatch.costs import DELIVERY_SECONDS, SHORT_DELIVERY_SECONDS, Costs
from domain.jobs.dispatch.grouping import Group

# So much of the usual may wait while deliveries are short.
SHORT_AHEAD = 0.1
# Without a backlog nothing is sent behind so many seconds of work: what comes meanwhile makes larger groups.
BUSY_SECONDS = SHORT_DELIVERY_SECONDS / 2


class Lane:
    """One queue of the broker, with the seconds of work in each message that still waits there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: deque[float] = deque()
        self._depth: int | None = None

    def must_be_looked_at(self, delivery: float, backlog: bool) -> bool:
        """Tell whether nobody knows the queue's length, or no more may be sent by what was known of it last."""
        return self._depth is None or not self.room(delivery, backlog)

    def look(self, depth: int) -> None:
        """Take note of how many messages wait."""
        while len(self._waiting) > depth:
            self._waiting.popleft()
        self._depth = depth

    def add(self, message: Group, costs: Costs) -> None:
        """Take note of a message that was just sent."""
        self._waiting.append(costs.seconds(message.kind, len(message.job_ids)))
        self._depth = (self._depth or 0) + 1

    def room(self, delivery: float, backlog: bool) -> float:
        """Return how many seconds of work may be sent; 0 when enough waits there, or nobody works on it.

        Never less than half a `delivery`: small refills would make small groups, and these cost more for each job.
        While deliveries are short, somebody is about who should not wait: then one of them is enough. So it is without
        a `backlog`: the database keeps what comes until workers are about to run out of work.
        """
        depth = self._depth or 0
        if depth >= settings.current().max_broker_depth:
            return 0.0
        ahead = settings.current().work_ahead_ms / 1000 * (1 if delivery >= DELIVERY_SECONDS else SHORT_AHEAD)
        waits = sum(self._waiting) + (depth - len(self._waiting)) * ahead
        room = ahead - waits
        enough = room < delivery / 2 or (waits > BUSY_SECONDS and not backlog)
        return 0.0 if depth and enough else room

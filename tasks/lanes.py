"""How much work a lane of the broker holds, so that little waits there and the order stays with the database."""

from collections import deque

import settings
from domain.jobs.dispatch.costs import RUN_SECONDS, SHORT_RUN_SECONDS

# The part of the usual work ahead that may wait while runs are short.
SHORT_RUNS_SHARE = 0.1
# Without a backlog nothing is sent behind so many seconds of work: what comes meanwhile makes larger groups.
BUSY_SECONDS = SHORT_RUN_SECONDS / 2
# Of the time for which a full lane stands still, the part that passes until it is polled again, and its limit.
STILL_SHARE, MAX_POLL_PAUSE_S = 0.1, 2.0


class Lane:
    """One queue of the broker, with the seconds of work in each message that still waits there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: deque[float] = deque()
        self._depth: int | None = None
        self._polled_at = self._moved_at = 0.0

    def needs_poll(self, now: float, run_seconds: float, backlog: bool) -> bool:
        """Tell whether the queue's length is not known, or by a poll some time before `now` no more may be sent."""
        if self._depth is None:
            return True
        pause = min(STILL_SHARE * (now - self._moved_at), MAX_POLL_PAUSE_S)
        return now >= self._polled_at + pause and not self.capacity(run_seconds, backlog)

    def polled(self, now: float, depth: int) -> None:
        """Take note of how many messages wait."""
        if depth < (self._depth or 0):
            self._moved_at = now
        self._polled_at = now
        while len(self._waiting) > depth:
            self._waiting.popleft()
        self._depth = depth

    def add(self, now: float, seconds: float) -> None:
        """Take note of a message that was just sent, with so many seconds of work in it."""
        self._moved_at = now
        self._waiting.append(seconds)
        if self._depth is not None:
            self._depth += 1

    def capacity(self, run_seconds: float, backlog: bool) -> float:
        """Return how many seconds of work may be sent; 0 when enough waits there, or nobody works on it.

        Never less than half a run: small refills would make small groups, and these cost more for each job. While runs
        are short, somebody is about who should not wait: then one of them is enough. One is also enough without a
        `backlog`: the database keeps what comes until workers are about to run out of work.
        """
        depth = self._depth or 0
        if depth >= settings.current().max_broker_depth:
            return 0.0
        ahead = settings.current().work_ahead_ms / 1000 * (1 if run_seconds >= RUN_SECONDS else SHORT_RUNS_SHARE)
        waits = sum(self._waiting) + (depth - len(self._waiting)) * ahead
        capacity = ahead - waits
        enough = capacity < run_seconds / 2 or (waits > BUSY_SECONDS and not backlog)
        return 0.0 if depth and enough else capacity

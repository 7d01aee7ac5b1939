"""A scan that has become slow may use 1 % of the time, but runs at least once a minute.

PostgreSQL keeps deleted and changed rows for as long as any snapshot may still see them, and a scan from the beginning
passes over all of these rows. While somebody holds a transaction open, each scan takes longer than the one before.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

# A scan that took no longer than this is always due again.
CHEAP_SECONDS = 0.002
# The pause after a slower scan, in times of what it took.
PAUSE_FACTOR = 100
# A scan may have been slow only because the database was away, so the pause has an end.
MAX_PAUSE_S = 60.0


class PacedScan:
    """Says when a scan is due again after what it took the last time."""

    def __init__(self) -> None:
        self._due_at = 0.0

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._due_at

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Decide by the time of the block when the next scan is due."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.took(time.monotonic() - started)

    def took(self, seconds: float) -> None:
        """Decide when the next scan is due, as the last one took `seconds`."""
        pause = min(PAUSE_FACTOR * seconds, MAX_PAUSE_S)
        self._due_at = time.monotonic() + pause if seconds > CHEAP_SECONDS else 0.0

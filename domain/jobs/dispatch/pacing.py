"""What is dear now and then is done less often then.

PostgreSQL keeps what was deleted or changed for as long as any snapshot may still see it, and who looks from the
beginning passes over all of it: while somebody holds a transaction open, each look takes longer than the one before.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

# What takes no longer, in seconds, is always due again; else it may take one part of so many of the time, until it
# would come too late: it may have taken long because the database was away.
CHEAP, SHARE, LONGEST = 0.002, 100, 60.0


class Spaced:
    """Says when to do again what took some time."""

    def __init__(self) -> None:
        self._due_at = 0.0

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._due_at

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Space the next time by what the block takes."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.took(time.monotonic() - started)

    def took(self, seconds: float) -> None:
        self._due_at = time.monotonic() + min(SHARE * seconds, LONGEST) if seconds > CHEAP else 0.0

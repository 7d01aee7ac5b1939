import select
from typing import Any

import psycopg

from db.engine import connect_arguments, url


class Listener:
    """Waits for the outbox to be written to, or for a time; a broken connection only costs the wake-ups."""

    def __init__(self, wakeup_fd: int) -> None:
        self._wakeup_fd = wakeup_fd
        self._connection: Any = None

    def wait(self, seconds: float) -> bool:
        """Return at a NOTIFY, when `wakeup_fd` turns readable, or after `seconds`: whether it was sooner."""
        try:
            connection = self._connect()
            ready, _, _ = select.select([connection, self._wakeup_fd], [], [], seconds)
            for _ in connection.notifies(timeout=0):
                pass
        except psycopg.Error:
            self.close()
            ready, _, _ = select.select([self._wakeup_fd], [], [], seconds)
        return bool(ready)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Any:
        if self._connection is None:
            self._connection = psycopg.connect(url(), autocommit=True, **connect_arguments())
            self._connection.execute("LISTEN outbox")
        return self._connection

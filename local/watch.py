"""Looks by way of the api for processes of this host that live and do nothing, or no longer say that they live."""

import socket
import threading
import time

from local.client import Client
from local.process import Child

LOOK_EVERY_S = 10.0
# Of a look without an answer, which takes up to 30 s: an api that starts again answers before.
MAX_UNANSWERED = 2


class Watch:
    """`hanging` are the pids of those that two looks in a row have found so, or of an api that answers none."""

    def __init__(self, client: Client, api: Child) -> None:
        self.hanging: frozenset[int] = frozenset()
        self._client, self._api = client, api
        self._unanswered = 0
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _run(self) -> None:
        before: frozenset[int] = frozenset()
        while True:
            time.sleep(LOOK_EVERY_S)
            found = self._look()
            self.hanging, before = found & before, found

    def _look(self) -> frozenset[int]:
        pid = self._api.pid
        try:
            status, processes = self._client.get("/api/v1/admin/processes")
        except OSError:
            self._unanswered = self._unanswered + 1 if pid == self._api.pid else 0
            return frozenset({pid} if self._unanswered >= MAX_UNANSWERED else ())
        self._unanswered = 0
        if status != 200:
            return frozenset()
        here = [one for one in processes if one["host"] == socket.gethostname()]
        last = {one["pid"]: one for one in sorted(here, key=lambda one: one["startedAt"])}
        return frozenset(pid for pid, one in last.items() if one["silent"] or one["idle"])

"""Looks by way of the api for processes of this host that live and do nothing, or no longer say that they live."""

import socket
import threading
import time

from local.client import Client

LOOK_EVERY_S = 10.0


class Watch:
    """`hanging` are the pids of those that two looks in a row have found so."""

    def __init__(self, client: Client) -> None:
        self.hanging: frozenset[int] = frozenset()
        self._client = client
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _run(self) -> None:
        before: frozenset[int] = frozenset()
        while True:
            time.sleep(LOOK_EVERY_S)
            found = self._look()
            self.hanging, before = found & before, found

    def _look(self) -> frozenset[int]:
        try:
            status, processes = self._client.get("/api/v1/admin/processes")
        except OSError:  # the api is starting again
            return frozenset()
        if status != 200:
            return frozenset()
        here = [one for one in processes if one["host"] == socket.gethostname()]
        last = {one["pid"]: one for one in sorted(here, key=lambda one: one["startedAt"])}
        return frozenset(pid for pid, one in last.items() if one["silent"] or one["idle"])

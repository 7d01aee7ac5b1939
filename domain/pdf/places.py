"""The places of a process where documents are printed: one waits for a place, but no longer behind its own kind.

Unlike `domain.shares` nothing is kept in reserve: a document is short, so a newcomer may wait for one to end.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from domain.shares import OverShare


class Places:
    """`places` places; while another organization prints or waits too, none has more than half of them."""

    def __init__(self, places: int) -> None:
        self._places, self._half = places, (places + 1) // 2
        self._changed = threading.Condition()
        self._held: Counter[int] = Counter()
        self._waiting: Counter[int] = Counter()

    @contextmanager
    def place(self, organization_id: int, timeout: float, patient: bool) -> Iterator[None]:
        """Hold a place; raise OverShare after `timeout` seconds, and at once for the organization's own half.

        A `patient` caller waits for that half as well.
        """
        self._take(organization_id, time.monotonic() + timeout, patient)
        try:
            yield
        finally:
            with self._changed:
                _less(self._held, organization_id)
                self._changed.notify_all()

    def _take(self, organization_id: int, deadline: float, patient: bool) -> None:
        with self._changed:
            self._waiting[organization_id] += 1
            self._changed.notify_all()  # another organization that waits may be over its half from now on
            try:
                self._wait(organization_id, deadline, patient)
            finally:
                _less(self._waiting, organization_id)
            self._held[organization_id] += 1

    def _wait(self, organization_id: int, deadline: float, patient: bool) -> None:
        while self._held.total() >= self._places or self._has_its_half(organization_id):
            if self._has_its_half(organization_id) and not patient:
                raise OverShare(own=True)
            if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                raise OverShare(own=False)

    def _has_its_half(self, organization_id: int) -> bool:
        another_asks = bool((self._held.keys() | self._waiting.keys()) - {organization_id})
        return another_asks and self._held[organization_id] >= self._half


def _less(counts: Counter[int], organization_id: int) -> None:
    counts[organization_id] -= 1
    if not counts[organization_id]:
        del counts[organization_id]

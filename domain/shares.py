"""Slots of a process, of which no organization takes more than its share while another asks."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import NamedTuple

# For so long after an organization has asked, a slot is expected to be asked for again.
ASKED_FOR_S = 3.0
# Slots that are given back sooner turn over; one that is held for longer may be held for ever.
PROMPT_S = 2.0


class OverShare(Exception):
    """No slot is given; `own` says whether because the organization holds its share, else because all are taken."""

    def __init__(self, own: bool):
        super().__init__("this organization holds its share" if own else "every slot is taken")
        self.own = own


class _Ask(NamedTuple):
    organization_id: int
    at: float


class Shares:
    """`slots` slots, each held for one piece of work of one organization; a slot is given or refused at once.

    - While another organization holds a slot, and for ASKED_FOR_S after it last asked, an organization that holds half
      of the slots gets no more.
    - The last free slot is the reserve. It goes to an organization that holds none.
    - An organization that is alone gets the reserve as well while its slots turn over, that is while it has held none
      of them for `prompt_s` seconds; never, if that is 0. So one with much short work uses all slots, and one that
      keeps its slots never gets the last.
    - Slots that are not `lent` stay free for others: an organization gets half of them, alone or not. This is for those
      that are held for minutes, which a newcomer cannot wait for.

    Hence the bound: a newcomer finds a free slot, or waits until one piece of work ends. Its slot is then the last free
    one, and no organization that holds another can take it.
    """

    def __init__(
        self,
        slots: int,
        clock: Callable[[], float] = time.monotonic,
        prompt_s: float = PROMPT_S,
        lent: bool = True,
    ) -> None:
        self.slots = slots
        self._lent = lent
        self._prompt_s = prompt_s
        self._clock = clock
        self._lock = Lock()
        self._held: dict[int, dict[int, float]] = {}
        self._numbers = itertools.count()
        self._last = self._last_other = _Ask(0, float("-inf"))

    @contextmanager
    def share(self, organization_id: int) -> Iterator[None]:
        """Hold a slot for the block; raise OverShare."""
        give_back = self.take(organization_id)
        try:
            yield
        finally:
            give_back()

    def take(self, organization_id: int) -> Callable[[], None]:
        """Return the function that gives the slot back, once however often it is called; raise OverShare."""
        now = self._clock()
        with self._lock:
            held = self._held.get(organization_id, {})
            given = self._may_have_one(organization_id, held, now)
            self._note(_Ask(organization_id, now))
            if not given:
                raise OverShare(len(held) >= max(1, self.slots // 2))
            number = next(self._numbers)
            self._held.setdefault(organization_id, {})[number] = now
        return partial(self._give_back, organization_id, number)

    def _may_have_one(self, organization_id: int, held: dict[int, float], now: float) -> bool:
        free = self.slots - sum(len(slots) for slots in self._held.values())
        if not held:
            return free > 0
        if not self._lent or self._another_asks(organization_id, now):
            return free > 1 and len(held) < self.slots // 2
        oldest = next(iter(held.values()))
        return free > (0 if now - oldest < self._prompt_s else 1)

    def _another_asks(self, organization_id: int, now: float) -> bool:
        latest = self._last_other if self._last.organization_id == organization_id else self._last
        return len(self._held.keys() - {organization_id}) > 0 or now - latest.at <= ASKED_FOR_S

    def _note(self, ask: _Ask) -> None:
        if self._last.organization_id != ask.organization_id:
            self._last_other = self._last
        self._last = ask

    def _give_back(self, organization_id: int, number: int) -> None:
        with self._lock:
            held = self._held.get(organization_id, {})
            held.pop(number, None)
            if not held:
                self._held.pop(organization_id, None)

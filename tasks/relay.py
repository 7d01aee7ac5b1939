"""From the outbox to the broker. No transaction is open while the relay talks to the broker."""

import logging
import os
import random
import signal
import time
from collections.abc import Iterable

from db import outbox, queue
from db.listener import Listener
from db.outbox import Entry
from db.transaction import is_transient, statement
from domain.jobs.dispatch import Dispatch
from domain.jobs.grouping import coalesce
from domain.jobs.registry import LANES
from settings import settings
from tasks.app import app
from tasks.lanes import Lane
from tasks.publisher import BrokerAway, Publisher

log = logging.getLogger(__name__)

SHORTEST_PAUSE, LONGEST_PAUSE = 0.002, 2.0
# So many entries without a pause longer than a nap are a rush: intakes need not say that there is work.
RUSH = 20
# A full lane will have room again soon, which is as good as a rush.
NAP, NAP_WHILE_FULL = 0.005, 0.1
# A full lane is looked at so many times in what a delivery takes, at the most; the broker alone is asked.
LOOKS = 8


class Relay:
    """Any number may run at once: entries are leased with SKIP LOCKED, and a doubled message is harmless."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._lanes = {name: Lane(name) for name in LANES}
        self._dispatch = Dispatch()

    def turn(self) -> int:
        """Publish what is due and has its turn; return how many entries that was. Raise BrokerAway, all given back."""
        self._publisher.connect()
        self._look()
        rooms = {name: room for name, lane in self._lanes.items() if (room := self._room(lane)) > 0}
        if not rooms:
            return 0
        entries = self._dispatch.lease(rooms)
        self._publish(entries)
        return len(entries)

    @property
    def is_full(self) -> bool:
        """Tell whether enough waits in some lane."""
        return any(not self._room(lane) for lane in self._lanes.values())

    @property
    def has_more(self) -> bool:
        """Tell whether something was left behind."""
        return bool(self._dispatch.more)

    @property
    def shortest_look(self) -> float:
        """Return for how many seconds a full lane need not be looked at again."""
        return self._dispatch.delivery_seconds / LOOKS

    def has_room_again(self) -> bool:
        """Look at the lanes that are full; return whether one no longer is. Raise BrokerAway."""
        full = [lane for lane in self._lanes.values() if not self._room(lane)]
        self._look()
        return any(self._room(lane) for lane in full)

    def _room(self, lane: Lane) -> float:
        return lane.room(self._dispatch.delivery_seconds, lane.name in self._dispatch.more)

    def _look(self) -> None:
        for lane in self._lanes.values():
            if lane.must_be_looked_at(self._dispatch.delivery_seconds, lane.name in self._dispatch.more):
                lane.look(self._publisher.depth(lane.name))

    def _publish(self, entries: Iterable[Entry]) -> None:
        unsent = {entry.job_id for entry in entries}
        try:
            for message in coalesce(entries, self._dispatch.group_size):
                self._publisher.publish(message)
                unsent.difference_update(message.job_ids)
                self._lanes[message.lane].add(message, self._dispatch.costs)
        except BrokerAway:
            with statement() as session:
                outbox.give_back(session, list(unsent))
            raise


class Loop:
    """Runs a relay until told to stop: at once while there is work, ever more slowly while there is none."""

    def __init__(self, relay: Relay, wakeup_fd: int) -> None:
        self._relay, self._listener = relay, Listener(wakeup_fd)
        self._stopping = False
        self._broken: str | None = None
        self._listening = False
        self._since_pause = 0
        self._last_rush = self._last_moved = self._next_sweep = time.monotonic()

    def stop(self) -> None:
        self._stopping = True

    def run(self) -> None:
        while not self._stopping:
            try:
                self._sweep()
                found = self._relay.turn()
                self._recovered()
                self._pace(found)
            except Exception as error:
                if not isinstance(error, BrokerAway) and not is_transient(error):
                    raise
                self._trouble("broker" if isinstance(error, BrokerAway) else "database", error)
        self._listener.close()

    def _sweep(self) -> None:
        if time.monotonic() >= self._next_sweep:
            with statement() as session:
                queue.sweep(session)
            with statement() as session:
                # Another relay may have died while it was busy, and nobody would be woken any more.
                outbox.listen(session, self._listening)
            self._next_sweep = time.monotonic() + settings.sweep_interval * random.uniform(0.8, 1.2)  # noqa: S311

    def _pace(self, found: int) -> None:
        now = time.monotonic()
        self._since_pause += found
        if found and (self._since_pause >= RUSH or self._relay.has_more):
            self._last_rush = now
            self._listen(False)
            return
        full = self._relay.is_full
        pause = (now - self._last_rush) / 4
        pause = min(max(pause, self._relay.shortest_look if full else SHORTEST_PAUSE), LONGEST_PAUSE)
        if pause > (NAP_WHILE_FULL if full else NAP):
            self._since_pause = 0
            if not self._listening:
                self._listen(True)  # and look once more: an intake that saw the old flag may just have committed
                return
        self._rest(pause)

    def _rest(self, seconds: float) -> None:
        """Wait until somebody calls, a full lane has room again, or the time is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not self._relay.is_full:
                self._listener.wait(left)
                return
            look = max((time.monotonic() - self._last_moved) / 10, self._relay.shortest_look)
            if self._listener.wait(min(left, look)):
                return
            if self._relay.has_room_again():
                self._last_moved = time.monotonic()
                return

    def _listen(self, listening: bool) -> None:
        if listening != self._listening:
            with statement() as session:
                outbox.listen(session, listening)
            self._listening = listening

    def _trouble(self, what: str, error: Exception) -> None:
        if self._broken is None:
            log.warning("%s away, waiting for it: %s", what, error)
        self._broken = what
        self._next_sweep = 0.0  # it begins at the database: a turn with full lanes would not see that it is away
        self._listener.wait(random.uniform(0.3, 1.0))  # noqa: S311

    def _recovered(self) -> None:
        if self._broken is not None:
            log.warning("%s back", self._broken)
            self._broken = None


def main() -> None:
    """Relay until SIGTERM or SIGINT, then leave at once; whatever was leased falls due again."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    signal.set_wakeup_fd(write_fd)
    loop = Loop(Relay(Publisher(app)), read_fd)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    log.info("relay started")
    loop.run()

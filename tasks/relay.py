"""From the outbox to the broker. No transaction is open while the relay talks to the broker."""

from collections.abc import Iterable

from db import outbox
from db.outbox import Entry
from db.transaction import statement
from domain.jobs.dispatch.dispatcher import Dispatch
from domain.jobs.dispatch.grouping import coalesce
from domain.jobs.registry import LANES
from tasks.lanes import Lane
from tasks.publisher import BrokerAway, Publisher

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

"""From the outbox to the broker. No transaction is open while the relay talks to the broker."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from db import outbox, traces
from db.outbox import Entry
from db.transaction import statement
from domain.jobs import canaries
from domain.jobs.dispatch.dispatcher import Dispatcher
from domain.jobs.dispatch.grouping import Group, coalesce
from domain.jobs.lanes import LANES
from tasks.lanes import Lane
from tasks.publisher import BrokerAway, Publisher

# In the time of a run a full lane is polled so often at the most; a poll asks the broker alone.
POLLS_PER_RUN = 8


class Relay:
    """Any number may run at once: entries are leased with SKIP LOCKED, and a doubled message is harmless."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._lanes = {name: Lane(name) for name in LANES}
        self._dispatcher = Dispatcher()

    def turn(self) -> int:
        """Publish what is due and has its turn; return how many entries that was. Raise BrokerAway, all given back."""
        self._publisher.connect()
        self._poll()
        capacities = {name: capacity for name, lane in self._lanes.items() if (capacity := self._capacity(lane)) > 0}
        if not capacities:
            return 0
        since = traces.now()
        entries = self._dispatcher.lease(capacities)
        if entries:
            with traces.span("relay", since=since, noted={"messaging.batch.message_count": len(entries)}):
                self._publish(entries)
        return len(entries)

    def send_canaries(self) -> None:
        """Send each lane its canary once a minute, however many relays there are. Raise BrokerAway."""
        with statement() as session:
            due = canaries.due(session, LANES)
        if due:
            self._publisher.connect()
        for lane in due:
            self._publisher.send(canaries.TASK, lane, {})
            self._lanes[lane].add(time.monotonic(), 0.0)

    @property
    def is_full(self) -> bool:
        """Tell whether enough waits in some lane."""
        return any(not self._capacity(lane) for lane in self._lanes.values())

    @property
    def has_more(self) -> bool:
        """Tell whether something was left behind."""
        return bool(self._dispatcher.more)

    @property
    def poll_seconds(self) -> float:
        """Return for how many seconds a full lane need not be polled again."""
        return self._dispatcher.run_seconds / POLLS_PER_RUN

    def has_capacity_again(self) -> bool:
        """Poll the lanes that are full; return whether one no longer is. Raise BrokerAway."""
        full = [lane for lane in self._lanes.values() if not self._capacity(lane)]
        self._poll()
        return any(self._capacity(lane) for lane in full)

    def _capacity(self, lane: Lane) -> float:
        return lane.capacity(self._dispatcher.run_seconds, lane.name in self._dispatcher.more)

    def _poll(self) -> None:
        now = time.monotonic()
        for lane in self._lanes.values():
            if lane.needs_poll(now, self._dispatcher.run_seconds, lane.name in self._dispatcher.more):
                lane.polled(now, self._publisher.depth(lane.name))

    def _publish(self, entries: Sequence[Entry]) -> None:
        unsent = {entry.job_id for entry in entries}
        of_jobs = _traceparents(list(unsent))
        try:
            for message in coalesce(entries, self._dispatcher.group_size):
                with _sent(message, of_jobs):
                    self._publisher.publish(message)
                unsent.difference_update(message.job_ids)
                seconds = self._dispatcher.costs.seconds(message.kind, len(message.job_ids))
                self._lanes[message.lane].add(time.monotonic(), seconds)
        except BrokerAway:
            with statement() as session:
                outbox.give_back(session, list(unsent))
            raise


def _traceparents(job_ids: Sequence[int]) -> Mapping[int, str]:
    """Return the traceparents of jobs, which nobody asks for unless spans are recorded."""
    if traces.recorder is None:
        return {}
    with statement() as session:
        return outbox.traceparents(session, job_ids)


def _sent(message: Group, of_jobs: Mapping[int, str]) -> AbstractContextManager:
    """Record that a message is sent, in the trace of its jobs if they share one."""
    own = [of_jobs.get(job_id) for job_id in message.job_ids]
    noted = traces.of_queue("send", message.lane, len(own)) | {"counterfoil.job.kind": message.kind}
    links = sorted({one for one in own if one})
    return traces.span(f"send {message.kind}", traces.PRODUCER, parent=traces.shared(own), links=links, noted=noted)

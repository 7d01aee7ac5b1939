"""Everybody who follows a job in this process is served by one thread and one statement each half second.

A subscriber is a socket, a job's id and the state it has seen. It holds neither a thread nor a connection to the
database.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import settings
from api.http.server import at_stop
from api.jobs.state import Describe
from db import jobs as job_rows
from db.transaction import statement
from domain.shares import OverShare, Shares

log = logging.getLogger(__name__)

INTERVAL_S = 0.5
KEEP_ALIVE_S = 15.0
# Then a stream ends and an EventSource comes again, so that a key that was revoked meanwhile is noticed.
MAX_STREAM_S = 600.0


@dataclass(eq=False)
class Subscriber:
    """Is sent each state of a job that differs from the one it has `seen`."""

    line: socket.socket
    job_id: int
    seen: str | None
    describe: Describe
    give_back: Callable[[], None]
    since: float = field(default_factory=time.monotonic)
    told_at: float = field(default_factory=time.monotonic)

    def tell(self, row: Any) -> bool:
        """Send the new state, if any; return whether more may follow. A client that does not read is cut off."""
        state = self.describe(row) if row else None
        now = time.monotonic()
        try:
            if state and state.version != self.seen:
                self._send(state.event())
                self.seen, self.told_at = state.version, now
            elif now - self.told_at > KEEP_ALIVE_S:
                self._send(b": still here\n\n")
                self.told_at = now
        except OSError:
            return False
        return state is not None and not state.final and now - self.since < MAX_STREAM_S

    def has_left(self) -> bool:
        """Return whether the client has closed the connection."""
        try:
            return not self.line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, data: bytes) -> None:
        if self.line.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) < len(data):
            raise BlockingIOError


class Subscribers:
    """All subscribers of this process, `limit` at the most; no organization has more than its share."""

    def __init__(self, limit: int) -> None:
        self._shares = Shares(limit, lent=False)
        self._lock = threading.Lock()
        self._all: set[Subscriber] = set()
        self._newcomers: set[Subscriber] = set()
        self._thread: threading.Thread | None = None
        self._came = threading.Event()

    def ask(self, organization_id: int) -> None:
        """Raise OverShare if one more of the organization would be too many now."""
        self._shares.take(organization_id)()

    def add(self, line: socket.socket, organization_id: int, job_id: int, seen: str | None, describe: Describe) -> None:
        """Send the job's states to the client on `line`, which belongs to the subscribers from now on.

        Raise OverShare.
        """
        subscriber = Subscriber(line, job_id, seen, describe, self._shares.take(organization_id))
        with self._lock:
            self._all.add(subscriber)
            self._newcomers.add(subscriber)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="subscribers", daemon=True)
                self._thread.start()
        self._came.set()

    def close(self) -> None:
        """Let everybody go: a stream ends, and its EventSource comes again; a long poll answers with what is so now."""
        with self._lock:
            gone, self._all, self._newcomers = self._all, set(), set()
        for subscriber in gone:
            with suppress(OSError):  # it has left already
                subscriber.line.shutdown(socket.SHUT_RDWR)

    def stream(self, organization_id: int, job_id: int, seen: str | None, describe: Describe) -> Iterator[bytes]:
        """Return the events as they come, until the final one."""
        theirs, ours = socket.socketpair()
        self.add(theirs, organization_id, job_id, seen, describe)

        def events() -> Iterator[bytes]:
            with ours:
                yield from iter(lambda: ours.recv(65_536), b"")

        return events()

    def wait(self, organization_id: int, job_id: int, seen: str | None, describe: Describe, seconds: float) -> None:
        """Return when the job differs from what was `seen`; without that, when it has ended; or after `seconds`."""
        theirs, ours = socket.socketpair()
        self.add(theirs, organization_id, job_id, seen, describe)
        deadline = time.monotonic() + seconds
        with ours:
            while (left := deadline - time.monotonic()) > 0:
                ours.settimeout(left)
                try:
                    if not ours.recv(65_536) or seen is not None:
                        return
                except TimeoutError:
                    return

    def _serve(self) -> None:
        following = time.monotonic() + INTERVAL_S
        while True:
            self._came.wait(max(0.0, following - time.monotonic()))
            self._came.clear()
            everyone = time.monotonic() >= following
            with self._lock:
                newcomers, self._newcomers = self._newcomers, set()
                told = set(self._all) if everyone else newcomers
            if everyone:
                following = time.monotonic() + INTERVAL_S
            self._tell(told)

    def _told(self, subscriber: Subscriber, row: Any) -> bool:
        try:
            return subscriber.tell(row)
        except Exception:  # of one job; the other subscribers are still to be served
            log.exception("subscribers: job %d cannot be described", subscriber.job_id)
            return False

    def _tell(self, some: set[Subscriber]) -> None:
        gone = {subscriber for subscriber in some if subscriber.has_left()}
        if there := some - gone:
            gone |= self._tell_states(there)
        with self._lock:
            self._all.difference_update(gone)
        for subscriber in gone:
            subscriber.line.close()
            subscriber.give_back()

    def _tell_states(self, some: set[Subscriber]) -> set[Subscriber]:
        """Send each its job's state; return those for which nothing follows."""
        try:
            with statement() as session:
                rows = job_rows.states(session, {subscriber.job_id for subscriber in some})
        except Exception as error:  # the database is away: nobody is cut off, the states are sent later
            log.warning("subscribers: %s", type(error).__name__)
            return set()
        found = {row.id: row for row in rows}
        return {subscriber for subscriber in some if not self._told(subscriber, found.get(subscriber.job_id))}


@cache
def subscribers() -> Subscribers:
    """Return the subscribers of this process."""
    made = Subscribers(settings.current().api_subscribers)
    at_stop(made.close)
    return made


def follow(line: socket.socket, organization_id: int, job_id: int, seen: str | None, describe: Describe) -> None:
    """Send the job's states to the client on `line`; close it if others came first: an EventSource comes again."""
    try:
        subscribers().add(line, organization_id, job_id, seen, describe)
    except OverShare:
        line.close()

"""Who listens to jobs: each is a socket, a number and what it has seen; one thread serves them all.

A listener holds neither a thread nor a connection to the database. Every half second one statement reads all jobs that
somebody listens to, and what has changed is sent.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import settings
from db.queries import run
from db.transaction import statement

log = logging.getLogger(__name__)

INTERVAL = 0.5
KEEP_ALIVE = 15.0
# Then a stream ends, and an EventSource comes again: with a key that is looked at anew.
LONGEST = 600.0


class TooManyListeners(Exception):
    """This process carries as many as it may."""


class State(NamedTuple):
    """A job as a listener sees it: `version` is other whenever anything is, `final` says that nothing follows."""

    version: str
    name: str
    text: str
    final: bool

    def event(self) -> bytes:
        """Return the state as a Server-Sent Event (HTML standard, 9.2.5)."""
        return f"id: {self.version}\nevent: {self.name}\ndata: {self.text}\n\n".encode()


@dataclass(eq=False)
class Listener:
    """Somebody who is told of each state of a job that is not the one he has `seen`."""

    line: socket.socket
    job_id: int
    seen: str | None
    describe: Callable[[Any], State]
    since: float = field(default_factory=time.monotonic)
    told_at: float = field(default_factory=time.monotonic)

    def tell(self, row: Any) -> bool:
        """Send what is new; return whether there is more to come. Who does not read is cut off and may come again."""
        state = self.describe(row) if row else None
        now = time.monotonic()
        try:
            if state and state.version != self.seen:
                self._send(state.event())
                self.seen, self.told_at = state.version, now
            elif now - self.told_at > KEEP_ALIVE:
                self._send(b": still here\n\n")
                self.told_at = now
        except OSError:
            return False
        return state is not None and not state.final and now - self.since < LONGEST

    def has_left(self) -> bool:
        """Tell whether nobody is at the other end any more."""
        try:
            return not self.line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, data: bytes) -> None:
        if self.line.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) < len(data):
            raise BlockingIOError


class Listeners:
    """All listeners of this process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._all: set[Listener] = set()
        self._newcomers: set[Listener] = set()
        self._thread: threading.Thread | None = None
        self._came = threading.Event()

    @property
    def full(self) -> bool:
        """Tell whether one more would be too many."""
        return len(self._all) >= self._most

    def add(self, line: socket.socket, job_id: int, seen: str | None, describe: Callable[[Any], State]) -> None:
        """Tell whoever is at the other end of `line`; it belongs to the listeners from now on."""
        with self._lock:
            if self.full:
                raise TooManyListeners(f"{self._most} listen already")
            listener = Listener(line, job_id, seen, describe)
            self._all.add(listener)
            self._newcomers.add(listener)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="listeners", daemon=True)
                self._thread.start()
        self._came.set()

    def stream(self, job_id: int, seen: str | None, describe: Callable[[Any], State]) -> Iterator[bytes]:
        """Return the events as they come, until the final one."""
        theirs, ours = socket.socketpair()
        self.add(theirs, job_id, seen, describe)

        def events() -> Iterator[bytes]:
            with ours:
                yield from iter(lambda: ours.recv(65_536), b"")

        return events()

    def wait(self, job_id: int, seen: str | None, describe: Callable[[Any], State], seconds: float) -> None:
        """Return when the job differs from what was `seen`; without that, when it has ended; or after `seconds`."""
        theirs, ours = socket.socketpair()
        self.add(theirs, job_id, seen, describe)
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
        following = time.monotonic() + INTERVAL
        while True:
            self._came.wait(max(0.0, following - time.monotonic()))
            self._came.clear()
            everyone = time.monotonic() >= following
            with self._lock:
                newcomers, self._newcomers = self._newcomers, set()
                told = set(self._all) if everyone else newcomers
            if everyone:
                following = time.monotonic() + INTERVAL
            self._tell(told)

    def _told(self, listener: Listener, row: Any) -> bool:
        try:
            return listener.tell(row)
        except Exception:  # of one listener's job; the others are still to be told
            log.exception("listeners: job %d cannot be described", listener.job_id)
            return False

    def _tell(self, some: set[Listener]) -> None:
        gone = {listener for listener in some if listener.has_left()}
        if there := some - gone:
            gone |= self._tell_states(there)
        with self._lock:
            self._all.difference_update(gone)
        for listener in gone:
            listener.line.close()

    def _tell_states(self, some: set[Listener]) -> set[Listener]:
        """Return those for whom nothing follows."""
        try:
            with statement() as session:
                rows = run(session, "watch_jobs", ids=list({listener.job_id for listener in some}))
        except Exception as error:  # the database is away: nobody is cut off, all are told later
            log.warning("listeners: %s", type(error).__name__)
            return set()
        found = {row.id: row for row in rows}
        return {listener for listener in some if not self._told(listener, found.get(listener.job_id))}


listeners = Listeners(settings.current().api_listeners)

"""gunicorn's worker, by its documented seam `worker_class`: one loop reads and sends, threads run the requests."""

import errno
import os
import resource
import select
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.workers.base import Worker

import settings
from cli.http.turns import Callers, Turns

if TYPE_CHECKING:
    from cli.http.connection import Connection

READABLE = select.EPOLLIN | select.EPOLLONESHOT
LOOK_S = 0.5
ACCEPTS_AT_ONCE = 64
# While a server stops, a client has so long to send the rest of its request or to read the rest of its answer.
STOPPING_S = 4.0
# It may already be sending on a connection that it was told to keep.
IDLE_STOPPING_S = 2.0
# A thread that computes lets another go on after this time: a short request does so some ten times, beside long ones.
SWITCH_S = 0.001
MEGABYTE = 1024 * 1024
# Requests and answers on their way; beyond it the largest connections of the caller that holds most are closed.
MAX_HELD_BYTES = 256 * MEGABYTE


class BufferedWorker(Worker):
    """Carries thousands of connections; a request has a thread only from when it is complete until it is answered."""

    def init_process(self) -> None:
        """Make ready what belongs to this process, and run."""
        # Here, because Flask comes with it, and the arbiter, which imports this module, must not carry that.
        from api.http.server import stop
        from cli.http.connection import Connection

        self._connection, self._tell_application = Connection, stop
        current = settings.current()
        self.request_timeout, self.send_timeout = current.api_request_timeout, current.api_send_timeout
        self.max_body_bytes = current.max_body_mb * MEGABYTE
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Or a flood of connections would leave no file for the database.
        self._max_connections = min(current.api_connections, max(files - current.api_subscribers, files // 2))
        self.turns, self.callers = Turns(self.cfg.threads), Callers()
        self.poll = select.epoll()
        # Between closing a connection and arming it: its number may be another's by then.
        self.lock = threading.Lock()
        self._connections: dict[int, Connection] = {}
        self._look_at = 0.0
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, then finish what was begun; who was told before that takes nobody in."""
        if not self.alive:
            return
        sys.setswitchinterval(SWITCH_S)
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self._listeners.items():
            listener.setblocking(False)
            self.poll.register(number, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        self.poll.register(self.PIPE[0], select.EPOLLIN)
        while self.alive and self.ppid == os.getppid():
            self._turn()
        self._stop()

    def has(self, connection: "Connection") -> bool:
        """Tell whether the connection is one of this worker's still."""
        return self._connections.get(connection.number) is connection

    def forget(self, connection: "Connection") -> None:
        """Have nothing more to do with a connection, which is open still."""
        if self.has(connection):
            del self._connections[connection.number]
            self.poll.unregister(connection.number)

    def _turn(self) -> None:
        for number, _ in self.poll.poll(LOOK_S):
            if number in self._listeners:
                self._accept(self._listeners[number])
            elif number == self.PIPE[0]:
                os.read(number, 4096)  # a signal has come, and its handler has run
            elif connection := self._connections.get(number):
                connection.go_on()
        if time.monotonic() >= self._look_at:
            self._look()

    def _look(self) -> None:
        self.notify()
        now = time.monotonic()
        self._look_at = now + LOOK_S
        for connection in self._known():
            if connection.deadline is not None and connection.deadline <= now:
                connection.expire()
        self._lighten()

    def _lighten(self) -> None:
        surplus = sum(connection.held_bytes for connection in self._known()) - MAX_HELD_BYTES
        if surplus <= 0:
            return
        held: Counter[Hashable] = Counter()
        for connection in self._known():
            held[connection.caller] += connection.held_bytes
        # Those of the caller that holds most together: else many small ones of one would have the others' large closed.
        for connection in sorted(self._waiting(), key=lambda one: (held[one.caller], one.held_bytes), reverse=True):
            if surplus > 0 and connection.held_bytes:
                surplus -= connection.held_bytes
                connection.close()

    def _known(self) -> "list[Connection]":
        """Return the connections of now, the oldest first: threads give theirs away at any time."""
        return list(self._connections.values())

    def _waiting(self) -> "list[Connection]":
        """Return the connections that no thread works on, the oldest first."""
        return [connection for connection in self._known() if connection.deadline is not None]

    def _accept(self, listener: Any) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                line, peer = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._make_room()
                return
            if len(self._connections) >= self._max_connections:
                self._make_room()
            self._take_in(line, peer, listener)

    def _take_in(self, line: socket.socket, peer: Any, listener: Any) -> None:
        line.setblocking(False)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._connection(self, line, peer, listener.getsockname())
        self._connections[connection.number] = connection
        self.poll.register(connection.number, READABLE)

    def _make_room(self) -> None:
        """Close the oldest connection without a request, else the oldest: so those that hang never keep others out."""
        if waiting := self._waiting():
            min(waiting, key=lambda one: not one.idle).close()

    def _stop(self) -> None:
        for number, listener in self._listeners.items():
            for _ in range(self.cfg.backlog // ACCEPTS_AT_ONCE):
                self._accept(listener)  # whoever has connected already is answered
            self.poll.unregister(number)
            listener.close()
        self._tell_application()
        now = time.monotonic()
        for connection in self._waiting():
            connection.hurry(now + (IDLE_STOPPING_S if connection.idle else STOPPING_S))
        end = now + settings.current().http_timeout
        while self._connections and time.monotonic() < end and self.ppid == os.getppid():
            with suppress(OSError):
                self._turn()
        self.turns.stop()

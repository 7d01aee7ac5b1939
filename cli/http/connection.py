"""One client's connection. The worker's loop owns it while it is read or written, a thread while its request is run.

A connection is handed over by arming it in the poll for one event (EPOLLONESHOT), which is the last thing that its
owner does. So only closing needs a lock, and a client that does not send or does not read holds memory, and no thread.
"""

import logging
import select
import socket
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

from gunicorn.http import wsgi

from api.http.server import BODY_LIMIT, CALLER, GIVE_AWAY, GO_ON, HEAD_ONLY, Take
from cli.http import refusals
from cli.http.answer import Answer
from cli.http.arrival import Arrival
from cli.http.chunks import TooLarge
from cli.http.worker import IDLE_STOPPING_S, READABLE

if TYPE_CHECKING:
    from cli.http.worker import BufferedWorker

log = logging.getLogger(__name__)

WRITABLE = select.EPOLLOUT | select.EPOLLONESHOT
READ_BYTES = 64 * 1024
KEEP_ALIVE_S = 15.0
# The sending deadline is that of a megabyte, so that a large answer may take longer, but not at a byte a second.
MEASURED_BYTES = 1024 * 1024
# An answer made in pieces is sent from here on, and made no further while so much of it waits for the client.
SENT_AT_ONCE_BYTES, MAX_UNSENT_BYTES = 64 * 1024, 128 * 1024
# A client that is still sending would find a reset connection instead of the answer.
DISCARD_S, MAX_DISCARDED_BYTES = 2.0, 4 * 1024 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """Reads a request, has it run, sends the answer, and so on; `deadline` is None while a thread owns it."""

    def __init__(self, worker: "BufferedWorker", line: socket.socket, peer: Any, server: Any) -> None:
        self._worker, self.line, self._peer, self._server = worker, line, peer, server
        self.number = line.fileno()
        self._arrival = self._new_arrival()
        self._unsent = bytearray()
        self._sent = self._discarded = 0
        self._items: Iterator[bytes] | None = None
        self._close_items: Callable[[], None] = _nothing
        self._answer: Answer
        self._wanted = self._answered = self._ends = False
        self._send_due: float | None = None
        self.given_away: Take | None = None
        self.deadline: float | None = time.monotonic() + worker.request_timeout
        self._next: Callable[[], None] = self._read

    @property
    def idle(self) -> bool:
        """Return whether no request has begun."""
        return self._next == self._read and not self._arrival.begun

    @property
    def held_bytes(self) -> int:
        """Return how much of the request and of the answer is kept here."""
        return len(self._unsent) + self._arrival.held_bytes

    @property
    def caller(self) -> Hashable:
        """Return who takes turns with the others: whom the key or cookie is of, else all of an address together."""
        return self._worker.callers.find(self._credentials()) or (self._peer or ("a socket",))[0]

    def arm(self, event: int) -> None:
        """Have the loop go on at the event; whoever calls it has the connection no longer."""
        with self._worker.lock:
            if self._worker.has(self):  # else it was closed in this moment, to make room, and its number is another's
                self._worker.poll.modify(self.number, event)

    def go_on(self) -> None:
        """Do what the event was waited for."""
        try:
            self._next()
        except (ConnectionError, TimeoutError):
            self.close()  # the client has gone
        except Exception:
            log.exception("a request failed")
            self._fail()

    def hurry(self, due: float) -> None:
        """Have the client no longer than until `due`."""
        if self.deadline is not None:
            self.deadline = min(self.deadline, due)

    def expire(self) -> None:
        """End what has passed its deadline; a request that is half there is answered 408."""
        if self._next == self._read and self._arrival.begun:
            self._next = self._time_out
            self.go_on()
        else:
            self.close()

    def close(self) -> None:
        """Let go of the socket, whatever becomes of the answer that was being made."""
        with self._worker.lock:
            self.deadline = None
            self._worker.forget(self)
            self.line.close()
        try:
            self._close_items()
        except Exception:
            log.exception("an answer could not be ended")

    def _time_out(self) -> None:
        self._refuse(408, f"the request must arrive within {self._worker.request_timeout} s")

    def _new_arrival(self) -> Arrival:
        return Arrival(self._worker.cfg, self._peer, self._worker.max_body_bytes)

    # ------------------------------------------------------------------ the loop reads

    def _read(self) -> None:
        data = self._received()
        if data:
            self._take(data)
        elif data is not None:
            self.close()

    def _received(self) -> bytes | None:
        """Return what the client has sent, empty at its end; or None, and wait, when the event was none."""
        try:
            return self.line.recv(READ_BYTES)
        except BlockingIOError:
            self.arm(READABLE)
            return None

    def _take(self, data: bytes | bytearray) -> None:
        if not self._arrival.begun:
            self._due = time.monotonic() + self._worker.request_timeout
        try:
            self._arrival.feed(data)
        except refusals.READ_ERRORS as error:
            log.warning("invalid request from %s: %s", (self._peer or ("a socket",))[0], type(error).__name__)
            self._refuse(*refusals.refusal(error, self._arrival.max_body_bytes))
            return
        if self._arrival.complete:
            self._run(self._begin)
        elif self._arrival.request is not None and not self._wanted:
            self._run(self._ask)
        else:
            self.deadline = self._due
            self.arm(READABLE)

    def _refuse(self, status: int, detail: str) -> None:
        self.sendall(refusals.answer(status, detail))
        self._end_with_answer()

    def _fail(self) -> None:
        if self._answered:
            self.close()  # half an answer can only be cut off
            return
        try:
            self._drop_items()
            self._refuse(500, "something went wrong here; it is logged")
        except Exception:
            self.close()

    def _drop_items(self) -> None:
        self._close_items()
        self._items, self._close_items = None, _nothing

    def _discard(self) -> None:
        data = self._received()
        if data is None:
            return
        self._discarded += len(data)
        if data and self._discarded < MAX_DISCARDED_BYTES:
            self.arm(READABLE)
        else:
            self.close()

    # ------------------------------------------------------------------ a thread runs the request

    def _run(self, step: Callable[[], None]) -> None:
        self.deadline = None
        self._next = step
        self._worker.turns.submit(self.caller, self.go_on)

    def _note_caller(self, caller: Hashable) -> None:
        self._worker.callers.note(self._credentials(), caller)

    def _credentials(self) -> str:
        """Return what tells who calls: the key, or the cookie of a session."""
        headers = self._arrival.request.headers if self._arrival.request else ()
        return "\n".join(value for name, value in headers if name in ("AUTHORIZATION", "COOKIE"))

    def _environ(self) -> dict[str, Any]:
        request = self._arrival.request
        self._answer, environ = wsgi.create(
            request, self, self._peer, self._server, self._worker.cfg, response_class=Answer
        )
        environ["wsgi.multithread"] = True
        environ[GIVE_AWAY] = self._give_away
        environ[CALLER] = self._note_caller
        environ[BODY_LIMIT] = self._arrival.allow
        if not self._worker.alive:
            self._answer.force_close()
        return environ

    def _ask(self) -> None:
        """Have the application look at the head, and above all at the key, before the body is taken."""
        assert self._arrival.request  # noqa: S101
        self._arrival.request.body = BytesIO()
        asked = time.monotonic()
        environ = self._environ()
        environ[HEAD_ONLY] = True
        self._call(environ)
        if self._answer.status == GO_ON:
            self._drop_items()
            self._due += time.monotonic() - asked  # the client has not had that time
            self._go_on_reading()
        else:
            self._answer.force_close()
            self._produce()

    def _go_on_reading(self) -> None:
        """Take the body, which the application wants; a larger one need not come faster than the largest usual one."""
        arrival, usual = self._arrival, self._worker.max_body_bytes
        arrival.allow(arrival.max_body_bytes)
        if arrival.is_too_large:
            self._refuse(*refusals.refusal(TooLarge(), arrival.max_body_bytes))
            return
        self._wanted = True
        self._due += self._worker.request_timeout * (max(0, arrival.expected_bytes - 1) // usual)
        if arrival.expects_continue():
            self._unsent += CONTINUE
            self._flush()
        self._next, self.deadline = self._read, self._due
        self.arm(READABLE)

    def _begin(self) -> None:
        assert self._arrival.request  # noqa: S101
        self._arrival.request.body = BytesIO(self._arrival.body)
        self._call(self._environ())
        self._produce()

    def _call(self, environ: dict[str, Any]) -> None:
        items = self._worker.wsgi(environ, self._answer.start_response)
        self._items, self._close_items = iter(items), getattr(items, "close", _nothing)

    def _give_away(self, take: Take) -> None:
        self.given_away = take

    def send(self, data: bytes) -> int:
        """Send nothing: gunicorn means the 100 Continue, for which it is too late, or which was sent."""
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Keep a piece of the answer."""
        self._answered = True
        self._unsent += data

    def _produce(self) -> None:
        """Make the answer as far as the client takes it."""
        for item in self._items or ():
            self._answer.write(item)
            if len(self._unsent) > SENT_AT_ONCE_BYTES and not self._flush() and len(self._unsent) > MAX_UNSENT_BYTES:
                self._send_later()
                return
        self._answer.close()
        self._drop_items()
        if self._answer.should_close():
            self._end_with_answer()
        elif self._flush():
            self._next_request()
        else:
            self._send_later()

    # ------------------------------------------------------------------ whoever owns it sends

    def _flush(self) -> bool:
        """Send what the client takes now; return whether nothing is left."""
        while self._unsent:
            try:
                sent = self.line.send(self._unsent)
            except BlockingIOError:
                return False
            del self._unsent[:sent]
            self._sent += sent
        return True

    def _send_later(self) -> None:
        if self._send_due is None or self._sent >= MEASURED_BYTES:
            self._sent = 0
            self._send_due = time.monotonic() + self._worker.send_timeout
        self._next, self.deadline = self._send_on, self._send_due
        self.arm(WRITABLE)

    def _send_on(self) -> None:
        if not self._flush():
            self._send_later()
        elif self._ends:
            self._end()
        elif self._items is not None:
            self._run(self._produce)
        else:
            self._next_request()

    def _end_with_answer(self) -> None:
        self._ends = True
        if self._flush():
            self._end()
        else:
            self._send_later()

    def _end(self) -> None:
        if self.given_away:
            self._worker.forget(self)
            self.given_away(self.line)
        elif self._arrival.complete and not self._arrival.rest:
            self.close()
        else:
            with suppress(OSError):  # it has gone already
                self.line.shutdown(socket.SHUT_WR)
            self._next, self.deadline = self._discard, time.monotonic() + DISCARD_S
            self.arm(READABLE)

    def _next_request(self) -> None:
        rest, self._arrival = self._arrival.rest, self._new_arrival()
        self._wanted = self._answered = False
        self._send_due = None
        if rest:
            self._next = lambda: self._take_over(rest)
            self.deadline = time.monotonic() + self._worker.send_timeout  # the client may read nothing
            self.arm(WRITABLE)  # at once: a request that is there already is the loop's to read
        else:
            patience = KEEP_ALIVE_S if self._worker.alive else IDLE_STOPPING_S
            self._next, self.deadline = self._read, time.monotonic() + patience
            self.arm(READABLE)

    def _take_over(self, rest: bytearray) -> None:
        self._next = self._read
        self._take(rest)


def _nothing() -> None:
    pass

"""The network as `gateways.http` sees it: checked addresses, and every wait ends when the whole post must."""

import errno
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import Any

import httpcore
from cryptography import x509

from gateways import certificates, guard
from gateways.guard import Address, Target

READ_AT_ONCE = 16 * 1024
HEAD_ROOM = 64 * 1024
# All addresses of a name are checked, so many are tried: a name may have thousands.
MOST_TRIED = 4
PLAIN_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was reset",
    errno.EPIPE: "the connection was closed",
    errno.ENETUNREACH: "no way to its network from here",
    errno.EHOSTUNREACH: "no way to its host from here",
}
TLS_WORDS = {
    "WRONG_VERSION_NUMBER": "the port does not speak it",
    "HTTP_REQUEST": "the port does not speak it",
    "UNEXPECTED_EOF_WHILE_READING": "the connection was closed",
}


class Unsent(Exception):
    """There is no answer; the message says why in plain words, `seconds` how long it took."""

    def __init__(self, reason: str, seconds: float = 0.0):
        super().__init__(reason)
        self.seconds = seconds


class EnoughRead(Exception):
    """As much of the answer has come as is looked at."""


class Stale(Exception):
    """The receiver closed a connection that was kept, as a post was on its way; a new one may do."""


class Budget:
    """What one post may still take: time until it must end, and bytes of the answer.

    httpcore hands it to each operation of the stream as its timeout, so that all share one deadline. With a timeout
    for each, a receiver that sends a byte a second is never late.
    """

    def __init__(self, seconds: float):
        self.seconds, self.started = seconds, time.monotonic()
        self.awaited = "no address for the name"
        self.received, self._room = 0, HEAD_ROOM
        self.closed = self.is_new_connection = self._has_head = False

    def elapsed(self) -> float:
        """Return how long the post has taken until now."""
        return time.monotonic() - self.started

    def left(self, share: int = 1) -> float:
        """Return the seconds that are left, divided by `share`; raise Unsent if there are none."""
        left = self.seconds - self.elapsed()
        if left <= 0:
            raise self.late()
        return left / share

    def late(self) -> Unsent:
        """Return the error of a post that took too long."""
        return Unsent(f"{self.awaited} within {self.seconds:g} s")

    def check_room(self) -> None:
        """Raise Unsent if the answer's head has become too long, EnoughRead if its body has."""
        if self._room <= 0:
            raise EnoughRead if self._has_head else Unsent("the answer's head is longer than allowed")

    def count(self, data: bytes) -> bytes:
        """Return what has arrived, which takes room; raise Stale if it is the end, and nothing was there before it."""
        self.received += len(data)
        self._room -= len(data)
        self.closed = not data
        if not self.received and not self.is_new_connection:
            raise Stale
        return data

    def begin_body(self, room: int) -> None:
        """Allow so many bytes more, now that the head is there."""
        self.awaited, self._room, self._has_head = "no end of the answer", room, True


class Network(httpcore.NetworkBackend):
    """Connects to a target's checked addresses only, whatever the name resolves to a moment later.

    Those of a trusted target are not checked.
    """

    def __init__(self, target: Target):
        self._target = target

    def connect_tcp(
        self, host: str, port: int, timeout: Any = None, local_address: Any = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address that takes one, of those that have all passed the guard."""
        connection, address = reach(host, port, timeout, partial(self._check, host))
        return Stream(connection, address, port)

    def _check(self, host: str, addresses: list[Address]) -> None:
        if not self._target.trusted:
            local, whose = self._target.local, f"an address of {host}"
            guard.check_addresses(addresses, local, whose, self._target.setting)


class Stream(httpcore.NetworkStream):
    """A connection whose every operation gets the time that its post has left."""

    def __init__(self, connection: socket.socket, address: Address, port: int):
        self._socket, self._address, self._port = connection, address, port

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        """Return what has arrived, nothing if the other side has ended; raise Unsent, EnoughRead or Stale."""
        budget: Budget = timeout
        budget.check_room()
        try:
            self._socket.settimeout(budget.left())
            return budget.count(self._socket.recv(min(max_bytes, READ_AT_ONCE)))
        except TimeoutError:
            raise budget.late() from None
        except OSError as error:
            budget.count(b"")
            raise Unsent(plain_words(error)) from error

    def write(self, buffer: bytes, timeout: Any = None) -> None:
        """Send all of `buffer`; raise WriteError if it is not taken: a receiver may answer before it has read all."""
        budget: Budget = timeout
        budget.awaited = "no answer"
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(budget.left())
                rest = rest[self._socket.send(rest) :]
        except TimeoutError:
            raise budget.late() from None
        except OSError as error:
            raise httpcore.WriteError(plain_words(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: Any = None
    ) -> httpcore.NetworkStream:
        """Return this stream, encrypted to the holder of a certificate for `server_hostname`; raise Unsent."""
        budget: Budget = timeout
        host = str(server_hostname)
        try:
            self._socket.settimeout(budget.left())
            self._socket = ssl_context.wrap_socket(self._socket, server_hostname=host)
            return self
        except ssl.SSLCertVerificationError as error:
            raise Unsent(certificates.explain(error, host, self._served(host, budget))) from error
        except TimeoutError:
            raise budget.late() from None
        except ssl.SSLError as error:
            raise Unsent(plain_words(error)) from error
        except OSError as error:
            raise Unsent(f"{plain_words(error)} in the TLS handshake") from error
        finally:
            if not isinstance(self._socket, ssl.SSLSocket):
                self.close()

    def _served(self, host: str, budget: Budget) -> x509.Certificate | None:
        with suppress(OSError, ValueError, Unsent), connect(self._address, self._port, budget.left()) as connection:
            connection.settimeout(budget.left())
            return certificates.served(connection, host)
        return None

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks before it uses a connection again: whether the other side has closed it."""
        if info != "is_readable":
            return None
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))


def reach(
    host: str, port: int, budget: Budget, check: Callable[[list[Address]], None] = lambda _: None
) -> tuple[socket.socket, Address]:
    """Return a connection to the first address of `host` that takes one, and that address; raise Unsent.

    `check` is given all addresses before the first is tried, and raises what it has against one.
    """
    addresses = resolve(host, budget)
    check(addresses)
    budget.awaited, budget.is_new_connection = "no connection", True
    tried = addresses[:MOST_TRIED]
    trouble = Unsent("the name does not resolve")
    for place, address in enumerate(tried):
        try:
            return connect(address, port, budget.left(share=len(tried) - place)), address
        except TimeoutError:
            trouble = budget.late()
        except OSError as error:
            trouble = Unsent(plain_words(error))
    raise trouble


def connect(address: Address, port: int, seconds: float) -> socket.socket:
    """Return a connection to this very address; raise OSError."""
    connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


def resolve(host: str, budget: Budget) -> list[Address]:
    """Return the addresses of `host`, each once, in the order in which they should be tried; raise Unsent.

    getaddrinfo takes no deadline, and RES_OPTIONS is read before a process's first look-up alone, which PostgreSQL's
    client makes. So a thread asks: if nobody answers it, it ends when the resolver gives up (resolv.conf's timeout
    times its attempts), and the post does not wait for that.
    """
    try:
        return [guard.plain(ip_address(host))]
    except ValueError:
        look_up = LookUp(host)
    look_up.start()
    look_up.join(budget.left())
    if look_up.is_alive():
        raise budget.late()
    if isinstance(look_up.found, OSError):
        away = look_up.found.errno == socket.EAI_AGAIN
        raise Unsent("the name server does not answer" if away else "the name does not resolve")
    return look_up.found


class LookUp(threading.Thread):
    """Asks the resolver for the addresses of a host."""

    def __init__(self, host: str):
        super().__init__(name=f"look-up of {host}", daemon=True)
        self._host = host
        self.found: list[Address] | OSError = []

    def run(self) -> None:
        try:
            rows = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            self.found = error
        else:
            self.found = _addresses(str(address[0]) for *_, address in rows)


def _addresses(texts: Iterable[str]) -> list[Address]:
    return list(dict.fromkeys(guard.plain(ip_address(text)) for text in texts))


def plain_words(error: OSError) -> str:
    """Return what went wrong with a connection, without the words of the library."""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or "UNEXPECTED_EOF"
        return f"TLS failed: {TLS_WORDS.get(reason, reason.replace('_', ' ').lower())}"
    return PLAIN_WORDS.get(error.errno or 0, (error.strerror or "the connection broke").lower())

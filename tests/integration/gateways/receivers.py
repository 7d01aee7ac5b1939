"""Receivers on loopback, each a listening socket with a function that says how it behaves."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """A receiver that runs: its port, and what came to it."""

    port: int
    stopping: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    most_at_once: int = 0
    at_once: int = 0
    requests: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, host: str = "127.0.0.1", scheme: str = "http", path: str = "/hook") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def take(self, connection: socket.socket) -> bytes:
        """Return the next request, head and body; raise EOFError when there is none."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += _more(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += _more(connection)
        request = head + b"\r\n\r\n" + body
        self.requests.append(request)
        return request


Behaviour = Callable[[Server, socket.socket], None]


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise EOFError
    return data


@contextmanager
def serving(behave: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """Run a receiver that calls `behave` for each connection, in a thread of its own."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        server = Server(listener.getsockname()[1])
        threading.Thread(target=_accept, args=(server, listener, behave, tls), daemon=True).start()
        try:
            yield server
        finally:
            server.stopping.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(server: Server, listener: socket.socket, behave: Behaviour, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while not server.stopping.is_set():
            connection, _ = listener.accept()
            with server.lock:
                server.connections += 1
            threading.Thread(target=_handle, args=(server, connection, behave, tls), daemon=True).start()


def _handle(server: Server, connection: socket.socket, behave: Behaviour, tls: ssl.SSLContext | None) -> None:
    with server.lock:
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
    try:
        with suppress(OSError, EOFError), _encrypted(connection, tls) as stream:
            behave(server, stream)
    finally:
        with server.lock:
            server.at_once -= 1


def _encrypted(connection: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    return tls.wrap_socket(connection, server_side=True) if tls else connection


def answering(answer: bytes = OK) -> Behaviour:
    """Return the behaviour of a receiver that gives each request the same answer, and keeps the connection."""

    def behave(server: Server, connection: socket.socket) -> None:
        while True:
            server.take(connection)
            connection.sendall(answer)

    return behave


def closing(answer: bytes) -> Behaviour:
    """Return the behaviour of a receiver that says `answer`, whatever that is, and hangs up."""

    def behave(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(answer)

    return behave


def flooding(beginning: bytes, again: bytes) -> Behaviour:
    """Return the behaviour of a receiver that begins, and then says the same without end."""

    def behave(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(beginning)
        while not server.stopping.is_set():
            connection.sendall(again)

    return behave


def dripping(beginning: bytes, every: float = 0.2) -> Behaviour:
    """Return the behaviour of a receiver that begins, and then sends a byte once in a while, without end."""

    def behave(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(beginning)
        while not server.stopping.wait(every):
            connection.sendall(b"x")

    return behave


def silent(server: Server, connection: socket.socket) -> None:
    """Take the request, and say nothing."""
    server.take(connection)
    server.stopping.wait()


def deaf(server: Server, connection: socket.socket) -> None:
    """Take the connection, and read nothing."""
    server.stopping.wait()


def resetting(server: Server, connection: socket.socket) -> None:
    """Take the request, and end the connection by force."""
    server.take(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

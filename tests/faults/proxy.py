import select
import socket
import struct
import threading
from urllib.parse import urlsplit

from local.process import LOOPBACK

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """A network between the parts and one server: it can be `silent` (accepts, never answers) or cut every connection."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url).port
        self._listener = socket.create_server((LOOPBACK, 0))
        self._peers: dict[socket.socket, socket.socket] = {}
        self._cut, self._closing = threading.Event(), threading.Event()
        self.silent = False
        self.url = url.replace(f":{self._target}", f":{self._listener.getsockname()[1]}")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Reset every connection there is."""
        self._cut.set()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._reset_all()
        self._listener.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._cut.is_set():
                self._reset_all()
                self._cut.clear()
            watched = [self._listener] if self.silent else [self._listener, *self._peers]
            for ready in select.select(watched, [], [], 0.02)[0]:
                if ready is self._listener:
                    self._accept()
                elif ready in self._peers:
                    self._forward(ready)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection((LOOPBACK, self._target), timeout=5)
        except OSError:
            _reset(client)
            return
        self._peers |= {client: server, server: client}

    def _forward(self, sender: socket.socket) -> None:
        receiver = self._peers[sender]
        try:
            if received := sender.recv(65536):
                receiver.sendall(received)
                return
        except OSError:
            pass  # one end is gone: so is the other
        for end in (sender, receiver):
            self._peers.pop(end)
            end.close()

    def _reset_all(self) -> None:
        while self._peers:
            _reset(self._peers.popitem()[0])


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()

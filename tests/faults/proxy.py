import select
import socket
import struct
import threading
from urllib.parse import urlsplit

from local.process import LOOPBACK

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """A network between the parts and one server: it can be `silent` (accept, never answer), reset or strand them."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url).port
        self._listener = socket.create_server((LOOPBACK, 0))
        self._peers: dict[socket.socket, socket.socket] = {}
        self._last_words: dict[socket.socket, bytes] = {}
        self.stranded: list[socket.socket] = []
        self._cut, self._closing = threading.Event(), threading.Event()
        self._to_strand: bytes | None = None
        self.silent = False
        self.url = url.replace(f":{self._target}", f":{self._listener.getsockname()[1]}")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Reset every connection there is."""
        self._cut.set()

    def strand(self, last_words: bytes = b"") -> None:
        """Forget every connection whose last words held these: neither end is told, as when a router forgets."""
        self._to_strand = last_words

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._reset_all()
        for end in (*self.stranded, self._listener):
            end.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._cut.is_set():
                self._reset_all()
                self._cut.clear()
            if self._to_strand is not None:
                self._strand_all(self._to_strand)
                self._to_strand = None
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
                self._last_words[sender] = received
                receiver.sendall(received)
                return
        except OSError:
            pass  # one end is gone: so is the other
        for end in (sender, receiver):
            self._peers.pop(end)
            end.close()

    def _strand_all(self, last_words: bytes) -> None:
        for end in [end for end in self._peers if last_words in self._last_words.get(end, b"")]:
            if end in self._peers:
                peer = self._peers.pop(end)
                del self._peers[peer]
                self.stranded += (end, peer)

    def _reset_all(self) -> None:
        while self._peers:
            _reset(self._peers.popitem()[0])


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()

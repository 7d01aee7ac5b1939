"""One renderer as its parent sees it: it answers before the deadline, or it is killed."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = Path(__file__).with_name("renderer.py")
MAX_ANSWER = 64 * 1024 * 1024


class RenderingFailed(Exception):
    """The document cannot be printed; detail says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class RendererCrashed(RenderingFailed):
    """The renderer ended without an answer: the document's fault only if a fresh one does it again."""


class RendererProcess:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-I", str(PROGRAM), str(os.getpid())]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env={}
            )
        self.pid = self._process.pid

    def ask(self, html: bytes, deadline: float) -> tuple[bool, bytes]:
        """Return (True, PDF) or (False, the reason it refuses); after an exception the process is gone."""
        try:
            self._send(len(html).to_bytes(4, "big") + html, deadline)
            printed = self._receive(1, deadline) == b"+"
            return printed, self._receive(int.from_bytes(self._receive(4, deadline), "big"), deadline)
        except TimeoutError:
            self.kill()
            raise RenderingFailed("it takes too long to print") from None
        except (EOFError, OSError):
            self.kill()
            raise RendererCrashed("it needs more memory than is allowed, or crashes the renderer") from None

    def kill(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _send(self, data: bytes, deadline: float) -> None:
        self._socket.settimeout(remaining(deadline))
        self._socket.sendall(data)

    def _receive(self, size: int, deadline: float) -> bytes:
        if size > MAX_ANSWER:
            raise EOFError
        data = bytearray()
        while len(data) < size:
            self._socket.settimeout(remaining(deadline))
            chunk = self._socket.recv(min(size - len(data), 65536))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)


def remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds

"""A jail as its parent sees it: its processes answer before the deadline, or they are killed.

What strangers send is parsed in a jail and nowhere else. `domain/jail/enclosing.py` says what a process of it may do.
"""

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from domain.jail.inmate import DONE, LENGTH_BYTES, MAX_REASON
from domain.jail.keeper import Keeper, remaining

MAX_ANSWER = 64 * 1024 * 1024
ATTEMPTS_TO_START = 2
# A process that had less of a processor than this until its deadline says nothing of the request.
LEAST_SHARE = 0.5

log = logging.getLogger(__name__)


class TooSlow(Exception):
    """The deadline has passed, and the process is gone."""


class Starved(TooSlow):
    """It has passed while the process hardly computed: the machine is busy, which is not the request's fault."""


class Crashed(Exception):
    """The process ended without an answer: the request's fault only if a fresh one ends at it too."""


class Jail:
    """Processes of one program (`domain.jail.inmate.Program`, by its module's name), each forked from a ready one.

    The program gets what `arguments` returns when it prepares.

    A new process costs milliseconds, so none need be given bytes of one organization after another's. Threads may share
    a jail; a forked process may not share its parent's, and calls `abandon`.
    """

    def __init__(self, program: str, arguments: Callable[[], Sequence[str]] = tuple) -> None:
        self._program, self._arguments = program, arguments
        self._lock = threading.Lock()
        self._keeper: Keeper | None = None
        self._denied: list[str] | None = None

    def start(self, deadline: float) -> "Process":
        """Return a new process that is ready; raise TooSlow, or Crashed if there can be none."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                keeper, pid = self._fork(theirs, deadline)
            except BaseException:
                ours.close()
                raise
        process = Process(keeper, pid, ours)
        self._tell(process.hear(deadline).decode().splitlines())
        return process

    def denied(self, deadline: float) -> list[str]:
        """Return a line for each part of the enclosure that this system does not give; raise as `start` does."""
        if self._denied is None:
            self.start(deadline).kill()
        return self._denied or []

    def close(self) -> None:
        """End all its processes."""
        if self._keeper:
            self._keeper.close()

    def abandon(self) -> None:
        """Let go of the parent's jail, in a process that was just forked; the next use begins one of its own."""
        if self._keeper:
            self._keeper.abandon()
        self._keeper, self._lock = None, threading.Lock()

    def _fork(self, channel: socket.socket, deadline: float) -> tuple[Keeper, int]:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise Starved
        try:
            for _ in range(ATTEMPTS_TO_START):
                with suppress(ConnectionError):  # it was killed since the last time
                    return self._fork_once(channel, deadline)
            raise Crashed
        finally:
            self._lock.release()

    def _fork_once(self, channel: socket.socket, deadline: float) -> tuple[Keeper, int]:
        keeper = self._keeper or Keeper(self._program, *self._arguments())
        self._keeper = None
        try:
            pid = keeper.fork(channel, deadline)
        except TimeoutError:
            raise Starved from None
        self._keeper = keeper
        return keeper, pid

    def _tell(self, denied: list[str]) -> None:
        self._denied = denied
        for line in denied:
            tell_once(f"{self._program} is enclosed in part only: {line}")


@cache
def tell_once(line: str) -> None:
    """Put `line` into the log, once in this process and those that are forked from it later."""
    log.warning(line)


class Process:
    """One process of a jail, for one thread at a time. After an exception it is gone."""

    def __init__(self, keeper: Keeper, pid: int, channel: socket.socket) -> None:
        self._keeper, self.pid, self._channel = keeper, pid, channel

    def ask(self, request: bytes, deadline: float) -> tuple[bool, bytes]:
        """Return (True, answer) or (False, the reason it refuses); raise TooSlow or Crashed.

        What it says is as untrusted as the request: it may have been taken over.
        """
        with self._ending_in_failure():
            self._channel.settimeout(remaining(deadline))
            self._channel.sendall(len(request).to_bytes(LENGTH_BYTES, "big") + request)
            return self._receive(deadline)

    def hear(self, deadline: float) -> bytes:
        """Return what it says of itself before it is asked anything; raise as `ask` does."""
        with self._ending_in_failure():
            return self._receive(deadline)[1]

    def kill(self) -> None:
        """End it, whatever it does."""
        self._keeper.end(self.pid)
        self._channel.close()

    def abandon(self) -> None:
        """Let go of the parent's process, in one that was just forked."""
        self._channel.close()

    @contextmanager
    def _ending_in_failure(self) -> Iterator[None]:
        began, computed = time.monotonic(), self._computed()
        try:
            yield
        except BaseException as failure:
            is_starved = self._computed() - computed < LEAST_SHARE * (time.monotonic() - began)
            self.kill()
            if isinstance(failure, TimeoutError):
                raise (Starved if is_starved else TooSlow) from None
            if isinstance(failure, OSError | EOFError):
                raise Crashed from None
            raise

    def _computed(self) -> float:
        """Return its seconds of processor time so far; infinity, and so no share of it, where nobody can tell."""
        with suppress(OSError):
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return math.inf

    def _receive(self, deadline: float) -> tuple[bool, bytes]:
        done = self._read(1, deadline) == DONE
        size = int.from_bytes(self._read(LENGTH_BYTES, deadline), "big")
        if size > (MAX_ANSWER if done else MAX_REASON):
            raise EOFError
        return done, self._read(size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._channel.settimeout(remaining(deadline))
            chunk = self._channel.recv(min(size - len(data), 65536))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

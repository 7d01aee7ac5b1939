"""The switch between the hosts, a process: each frame arrives late, or never, as it was last told for its direction.

`tc netem` does this where the kernel has it. A proxy would not do: what is lost here, TCP itself sends again.
"""

import heapq
import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

ALL_PROTOCOLS = 0x0003
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
LONGEST_FRAME = 65_536
RECEIVE_BUFFER = 8 * 1024**2
# A frame's destination and its source are six bytes each; network.py gives each port an address that ends with it.
DESTINATION, SOURCE = 5, 11


class Path(NamedTuple):
    """What happens to frames in one direction between two ports."""

    delay_s: float = 0.0
    loss: float = 0.0
    is_cut: bool = False


class Switch:
    """Forwards between the interfaces `port-0`, `port-1`, ... of its namespace; `control` says a path a line."""

    def __init__(self, ports: int, control: socket.socket, rng: random.Random) -> None:
        self._control, self._rng = control, rng
        self._sockets = [_opened(f"port-{number}") for number in range(ports)]
        self._paths: dict[tuple[int, int], Path] = {}
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._frames = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._obey)
        for line in self._sockets:
            self._selector.register(line, selectors.EVENT_READ, self._take)

    def run(self) -> None:
        """Forward until the holder of the other end of `control` is gone."""
        while True:
            pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
            for key, _ in self._selector.select(None if pause is None else max(pause, 0)):
                act: Callable[[socket.socket], None] = key.data
                act(key.fileobj)  # type: ignore[arg-type]
            self._send_what_is_due()

    def _obey(self, control: socket.socket) -> None:
        order = control.recv(LONGEST_FRAME)
        if not order:
            sys.exit()
        for source, target, *path in json.loads(order):
            self._paths[source, target] = Path(*path)
        control.send(b"done")

    def _take(self, line: socket.socket) -> None:
        frame = line.recv(LONGEST_FRAME)
        source, target = frame[SOURCE], frame[DESTINATION]
        path = self._paths.get((source, target), Path())
        if target >= len(self._sockets) or path.is_cut or self._rng.random() < path.loss:
            return
        self._frames += 1  # among frames that are due at once, the first stays the first
        heapq.heappush(self._waiting, (time.monotonic() + path.delay_s, self._frames, target, frame))

    def _send_what_is_due(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, target, frame = heapq.heappop(self._waiting)
            self._sockets[target].send(frame)


def _opened(interface: str) -> socket.socket:
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    line.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)  # else what we send comes back to us
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    line.bind((interface, ALL_PROTOCOLS))
    return line


if __name__ == "__main__":
    ports, descriptor, seed = map(int, sys.argv[1:])
    Switch(ports, socket.socket(fileno=descriptor), random.Random(seed)).run()

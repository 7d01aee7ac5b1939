"""The parent's hold on the program that forks a jail's processes."""

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PROGRAM = Path(__file__).with_name("inmate.py")
PACKET_BYTES = 64
ANSWER_S = 2.0
# Without TZ the C library would look at /etc/localtime each time that it is asked for a date. What computes would start
# threads, which no fork has and no process of a jail can start again.
ENVIRONMENT = {
    "TZ": "UTC0",
    "TMPDIR": tempfile.gettempdir(),
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # or onnxruntime tells its makers what runs here
}


class Keeper:
    """A running `domain.jail.inmate`; without it its processes end."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-I", str(PROGRAM), program, *arguments]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=ENVIRONMENT
            )

    def fork(self, channel: socket.socket, deadline: float) -> int:
        """Return the id of a new process that answers on `channel`; raise TimeoutError, or ConnectionError.

        After an exception this is gone, with all its processes.
        """
        left = remaining(deadline)
        try:
            self._control.settimeout(max(left, ANSWER_S))  # it answers at once, or is lost with all its processes
            socket.send_fds(self._control, [b"start"], [channel.fileno()])
            if pid := self._control.recv(PACKET_BYTES):
                return int(pid)
            raise ConnectionResetError("the keeper has ended")
        except BaseException:
            self.close()
            raise

    def end(self, pid: int) -> None:
        """Kill a process that was forked here; it has ended already if this has."""
        with suppress(OSError):
            self._control.send(f"end {pid}".encode())

    def close(self) -> None:
        """End it and all its processes."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    def abandon(self) -> None:
        """Leave it to the process that this one was forked from, which it would otherwise outlive."""
        self._control.close()


def remaining(deadline: float) -> float:
    """Return the seconds until `deadline`, a time of the monotonic clock; raise TimeoutError if there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds

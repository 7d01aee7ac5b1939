"""The program of a jail: it gets ready once, then forks a process for each that its parent asks for, and encloses it.

Run by path in isolated mode and with no environment, so that no setting and no secret is in its memory. It reads no
stranger's byte itself: a fork does, once it is enclosed, and ends with this process, which ends with its parent.

On standard input, a socket of packets: `start` comes with the socket that the new process answers on, and its pid goes
back; `end PID` kills one. On that socket: a 4-byte length and a request come in; a status byte, a 4-byte length and
bytes go out, the first time without a request: a line for each part of the enclosure that the system denied.
"""

import importlib
import io
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol

DONE, REFUSED = b"+", b"-"
LENGTH_BYTES = 4
MAX_REASON = 2000
ORDER_BYTES = 64


class Program(Protocol):
    """The module that a jail runs; one that needs other limits than most names them as its LIMITS."""

    def prepare(self, *arguments: str) -> None:
        """Open and load all that `answer` will need; no file can be opened, and no module imported, later."""

    def answer(self, request: bytes) -> bytes:
        """Return the answer; raise ValueError with the reason that the caller reads."""


def keep(control: socket.socket, program: Program) -> None:
    """Do as the parent says, until it ends."""
    with suppress(ConnectionError):  # it was killed
        while True:
            order, files, _, _ = socket.recv_fds(control, ORDER_BYTES, 1)
            if order == b"start":
                control.send(str(_fork(files[0], program)).encode())
            elif order:
                _end(int(order.split()[1]))
            else:
                return


def _fork(channel: int, program: Program) -> int:
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        _live(keeper, channel, program)
    os.close(channel)
    return pid


def _end(pid: int) -> None:
    # As long as it is our child and not waited for, the number is nobody else's.
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _live(keeper: int, channel: int, program: Program) -> NoReturn:
    os.dup2(channel, sys.stdin.fileno())  # in place of the keeper's own
    os.close(channel)
    requests = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
    answers = io.BufferedWriter(io.FileIO(sys.stdin.fileno(), "wb", closefd=False))
    # To print an exception, which the engine may do and go on, Python opens the source files.
    sys.excepthook = lambda *_: None
    sys.unraisablehook = lambda _: None
    limits = getattr(program, "LIMITS", Limits())
    lacking = enclose(keeper, limits)
    _say(answers, DONE, "\n".join(lacking).encode())
    while length := requests.read(LENGTH_BYTES):
        _say(answers, *_answer(requests.read(int.from_bytes(length, "big")), program, limits.cpu_seconds))
    os._exit(0)


def _answer(request: bytes, program: Program, cpu_seconds: int) -> tuple[bytes, bytes]:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + cpu_seconds, hard))
    try:
        return DONE, program.answer(request)
    except ValueError as refusal:
        return REFUSED, str(refusal).encode(errors="replace")[:MAX_REASON]


def _say(answers: BinaryIO, status: bytes, body: bytes) -> None:
    answers.write(status + len(body).to_bytes(LENGTH_BYTES, "big") + body)
    answers.flush()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from domain.jail.enclosing import Limits, enclose

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inmate = importlib.import_module(sys.argv[1])
    inmate.prepare(*sys.argv[2:])
    keep(socket.socket(fileno=sys.stdin.fileno()), inmate)

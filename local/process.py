"""Children that end when their holder ends, even by kill -9, and take their process group along."""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class StartFailed(Exception):
    """A child did not become ready: a summary in one line, and in the message also what it said last."""

    def __init__(self, summary: str, last_lines: Iterable[str] = ()) -> None:
        super().__init__("\n".join([summary, *last_lines]))
        self.summary = summary


class Child:
    """One process at a time, started by `start`, gone for good after `stop`; subclasses say what to run."""

    name: str
    is_server = False
    stop_signal = signal.SIGTERM
    insist_signal = signal.SIGKILL
    death_signal = signal.SIGKILL
    start_timeout = 60.0
    stop_timeout = 10.0

    def __init__(self, on_line: Callable[[str], None] | None = None) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._on_line = on_line or (lambda line: None)
        self._last_lines: deque[str] = deque(maxlen=20)

    def command(self) -> list[str]:
        """Return the command line; called at each spawn, so it may prepare what the process needs."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Return whether the running process does its work."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Return the whole environment of the process."""
        return {}

    def spawn_options(self) -> dict:
        """Return what else Popen must be told."""
        return {}

    @property
    def pid(self) -> int:
        """Return the process id of the last process started."""
        assert self._process, f"{self.name} was never started"  # noqa: S101
        return self._process.pid

    def start(self) -> None:
        """Return when the process is ready; raise StartFailed, with none left behind, when it never is."""
        self.spawn()
        self.await_ready()

    def await_ready(self) -> None:
        """Return when the process spawned before is ready; raise StartFailed like `start`."""
        wait_until(lambda: self.poll() is not None or self.is_ready(), self.start_timeout)
        if self.poll() is not None or not self.is_ready():
            status = self.poll()
            self.stop()
            reason = "it did not get ready in time" if status is None else f"it ended with status {status}"
            raise StartFailed(f"{self.name} did not start: {reason}", self._last_lines)

    def spawn(self) -> None:
        """Start the process without waiting for it to be ready."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start children from the main thread: they die with the thread that starts them")
        self._last_lines.clear()
        self._process = subprocess.Popen(  # noqa: S603
            self.command(),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with(os.getpid(), self.death_signal),
            **self.spawn_options(),
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout  # noqa: S101
        for line in process.stdout:
            self._last_lines.append(line.rstrip("\n"))
            self._on_line(line.rstrip("\n"))

    def poll(self) -> int | None:
        """Return None while the process runs, else its exit status, once its whole group is killed."""
        if self._process is None:
            return 0
        if self._process.returncode is None and _has_ended(self._process.pid):
            # Killed while the dead leader is not yet reaped: later its id could belong to another group.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._reader.join(1)  # else its last words may still be on the way
        return self._process.returncode

    def end(self) -> str:
        """Return how the process ended: by which status or signal, and its last line."""
        status = self.poll() or 0
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        last = f", its last line: {self._last_lines[-1]}" if self._last_lines else ""
        return f"{self.name} {how}{last}"

    def kill(self, signal_number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal_number)

    def stop(self) -> None:
        """Return when the process is gone: asked first, made to go when it does not."""
        self.kill(self.stop_signal)
        self.await_end()

    def await_end(self) -> None:
        """Return when the process, asked to stop before, is gone."""
        for next_signal in (self.insist_signal, signal.SIGKILL):
            if wait_until(lambda: self.poll() is not None, self.stop_timeout):
                return
            self.kill(next_signal)
        wait_until(lambda: self.poll() is not None, self.stop_timeout)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()


def run(command: list[str], **options) -> subprocess.CompletedProcess[str]:
    """Return the finished command with all it printed; it too dies with its holder."""
    return subprocess.run(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=_die_with(os.getpid(), signal.SIGKILL),
        **options,
    )


def _die_with(holder: int, death_signal: int) -> Callable[[], None]:
    def in_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != holder:  # it died before the line above
            os._exit(1)

    return in_child


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def wait_until(predicate: Callable[[], bool], timeout: float) -> bool:
    """Return whether `predicate` came true within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def free_port() -> int:
    """Return a loopback port nobody listens on, below the range the kernel gives to outgoing connections."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        if is_free(LOOPBACK, port):
            return port


def is_free(host: str, port: int) -> bool:
    """Return whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True

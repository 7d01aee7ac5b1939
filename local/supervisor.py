"""Keeps children alive: what dies is started again, what was started is stopped."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from local.output import Output
from local.process import Child

TICK_S = 0.1
FIRST_DELAY_S, MAX_DELAY_S = 0.1, 10.0
MAX_DOUBLINGS = 7
STABLE_AFTER_S = 30.0


class Supervisor:
    """Within its `with`, children run; after it, none is left. SIGTERM, SIGHUP and Ctrl-C end `run`."""

    def __init__(self, console: Output) -> None:
        self._console = console
        self._children: list[Child] = []
        self._starting: set[Child] = set()
        self._due: dict[Child, float] = {}
        self._started_at: dict[Child, float] = {}
        self._failures: Counter[Child] = Counter()

    def __enter__(self) -> "Supervisor":
        _on_signals(_interrupt)
        return self

    def start(self, child: Child) -> None:
        """Return when the child is ready; raise StartFailed when it does not get there."""
        self._children.append(child)
        child.start()
        self._started_at[child] = time.monotonic()

    def start_together(self, children: Sequence[Child]) -> None:
        """Start children that need not wait for one another; return when all are ready; raise StartFailed."""
        for child in children:
            self._children.append(child)
            child.spawn()
        for child in children:
            child.await_ready()
            self._started_at[child] = time.monotonic()

    def run(self, hanging: Callable[[], Collection[int]] = tuple) -> None:
        """Start again whatever dies or is among the pids of `hanging`, until a signal raises KeyboardInterrupt."""
        while True:
            for child in self._children:
                try:
                    self._look_after(child, hanging())
                except Exception as error:  # whatever is wrong with one child stops none of the others
                    self._say(child, getattr(error, "summary", f"{child.name}: {type(error).__name__}: {error}"))
            time.sleep(TICK_S)

    def __exit__(self, *_) -> None:
        """Ask all to stop, the last started first; the servers only when those who use them are gone."""
        _on_signals(signal.SIG_IGN)
        users = [child for child in reversed(self._children) if not child.is_server]
        for child in users:
            child.kill(child.stop_signal)
        for child in users:
            child.await_end()
        for child in reversed(self._children):
            child.stop()

    def _look_after(self, child: Child, hanging: Collection[int]) -> None:
        if child.poll() is not None:
            self._bring_back(child)
        elif child in self._starting and child.is_ready():
            self._starting.discard(child)
            self._console.announce(f"restarted {child.name} pid={child.pid}")
        elif child in self._starting and time.monotonic() - self._started_at[child] > child.start_timeout:
            self._say(child, f"{child.name} is not ready after {child.start_timeout:.0f} s; it is killed")
            child.kill(signal.SIGKILL)
        elif child.pid in hanging:
            self._say(child, f"{child.name} lives and does nothing; it is killed")
            child.kill(signal.SIGKILL)

    def _bring_back(self, child: Child) -> None:
        now = time.monotonic()
        if child not in self._due:
            stopped = child.poll() == 0 and child not in self._starting
            delay = 0.0 if stopped else self._delay(child, now)
            self._due[child] = now + delay
            self._say(child, f"{child.end()}; it is started again in {delay:.1f} s")
        if now >= self._due[child]:
            self._due[child] = now + self._delay(child, now)
            self._started_at[child] = now
            child.spawn()
            del self._due[child]
            self._starting.add(child)

    def _delay(self, child: Child, now: float) -> float:
        self._failures[child] += 1
        if now - self._started_at[child] > STABLE_AFTER_S:
            self._failures[child] = 0
        return min(FIRST_DELAY_S * 2 ** min(self._failures[child], MAX_DOUBLINGS), MAX_DELAY_S)

    def _say(self, child: Child, line: str) -> None:
        self._console.part(child.name)(line)


def _interrupt(*_) -> None:
    _on_signals(signal.SIG_IGN)  # a second one would leave the stopping half done
    raise KeyboardInterrupt


def _on_signals(handler) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, handler)

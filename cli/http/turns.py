"""Whose request runs next: callers take turns, so what one has sent never stands before the others' in a line."""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

MAX_KNOWN = 10_000

Step = Callable[[], None]


class Turns:
    """`threads` threads that run steps, of each caller that waits one in turn."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._lock = Lock()
        # In the order of their turns.
        self._waiting: dict[Hashable, deque[Step]] = {}

    def submit(self, caller: Hashable, step: Step) -> None:
        """Have the step run when it is the caller's turn, after what the caller submitted before."""
        with self._lock:
            self._waiting.setdefault(caller, deque()).append(step)
        self._pool.submit(self._run_next)

    def stop(self) -> None:
        """Run none of the steps that still wait."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run_next(self) -> None:
        with self._lock:
            caller = next(iter(self._waiting))
            steps = self._waiting.pop(caller)
            step = steps.popleft()
            if steps:
                self._waiting[caller] = steps
        step()


class Callers:
    """Who sends which credentials, as the application found last; the credentials themselves are not kept."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[bytes, Hashable] = OrderedDict()

    def note(self, credentials: str, caller: Hashable) -> None:
        """Keep that the credentials are the caller's, instead of what was noted longest ago."""
        digest = _digest(credentials)
        with self._lock:
            self._known[digest] = caller
            self._known.move_to_end(digest)
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)

    def find(self, credentials: str) -> Hashable | None:
        """Return whose credentials they are, None if that is not known."""
        return self._known.get(_digest(credentials))


def _digest(credentials: str) -> bytes:
    return hashlib.sha256(credentials.encode("utf-8", "surrogatepass")).digest()

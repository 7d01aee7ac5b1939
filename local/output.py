"""The lines that `counterfoil up` prints."""

import atexit
import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable

MAX_UNREAD_LINES = 10_000
FLUSH_TIMEOUT_S = 2.0

COLOURS = {
    "postgres": 34,
    "broker": 35,
    "migrate": 33,
    "api": 32,
    "relay": 36,
    "worker": 92,
    "io": 96,
    "ocr": 94,
    "beat": 93,
    "flower": 95,
}


class Output:
    """Writes whole lines to stdout, whichever thread they come from: as text, or each as one JSON object.

    Nobody who prints waits for a slow reader: beyond MAX_UNREAD_LINES lines are dropped, and counted.
    """

    def __init__(self, as_json: bool = False) -> None:
        self._unread: queue.Queue[str] = queue.Queue(MAX_UNREAD_LINES)
        self._dropped = 0
        self.is_terminal = sys.stdout.isatty()
        self._as_json = as_json
        threading.Thread(target=self._write, name="console", daemon=True).start()
        atexit.register(self._flush)

    def announce(self, line: str) -> None:
        """Print a line of the stack itself."""
        self._print(json_line("up", line) if self._as_json else line)

    def part(self, name: str) -> Callable[[str], None]:
        """Return the printer of a part's lines: each headed by the part's name, or made JSON unless it is."""
        if self._as_json:
            return lambda line: self._print(line if line.startswith('{"time": ') else json_line(name, line))
        head = f"{name:<8} | "
        if self.is_terminal:
            head = f"\x1b[{COLOURS.get(name, 0)}m{head}\x1b[0m"
        return lambda line: self._print(head + line)

    def _print(self, line: str) -> None:
        try:
            self._unread.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def _write(self) -> None:
        while True:
            line = self._unread.get()
            self._put(line)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                told = f"{dropped} lines were dropped here, as nobody read them"
                self._put(json_line("up", told) if self._as_json else told)
            self._unread.task_done()

    def _put(self, line: str) -> None:
        # The reader may be gone; the parts must be stopped all the same. Not by sys.stdout, whose lock would be held
        # for as long as the reader is slow, also when the interpreter wants to end.
        left = f"{line}\n".encode(errors="replace")
        with contextlib.suppress(OSError):
            while left:
                left = left[os.write(sys.stdout.fileno(), left) :]

    def _flush(self) -> None:
        until = time.monotonic() + FLUSH_TIMEOUT_S
        while self._unread.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)


def json_line(part: str, message: str) -> str:
    """Return a line that no logger wrote as a logger's JSON object, timed now."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"time": moment, "level": "INFO", "part": part, "message": message}, ensure_ascii=False)

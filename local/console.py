"""The lines that `counterfoil up` prints."""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable

COLOURS = {
    "postgres": 34,
    "broker": 35,
    "migrate": 33,
    "api": 32,
    "relay": 36,
    "worker": 92,
    "beat": 93,
    "flower": 95,
}


class Console:
    """Writes whole lines to stdout, whichever thread they come from: as text, or each as one JSON object."""

    def __init__(self, as_json: bool = False) -> None:
        self._lock = threading.Lock()
        self._colour = sys.stdout.isatty()
        self._as_json = as_json

    def announce(self, line: str) -> None:
        """Print a line of the stack itself."""
        self._print(json_line("up", line) if self._as_json else line)

    def part(self, name: str) -> Callable[[str], None]:
        """Return the printer of a part's lines: each headed by the part's name, or made JSON unless it is."""
        if self._as_json:
            return lambda line: self._print(line if line.startswith('{"time": ') else json_line(name, line))
        head = f"{name:<8} | "
        if self._colour:
            head = f"\x1b[{COLOURS.get(name, 0)}m{head}\x1b[0m"
        return lambda line: self._print(head + line)

    def _print(self, line: str) -> None:
        # The reader may be gone; the parts must be stopped all the same.
        with self._lock, contextlib.suppress(OSError):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def json_line(part: str, message: str) -> str:
    """Return a line that no logger wrote as a logger's JSON object, timed now."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"time": moment, "level": "INFO", "part": part, "message": message}, ensure_ascii=False)

"""What `counterfoil up` prints."""

import contextlib
import sys
import threading
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
    """Writes whole lines to stdout, whichever thread they come from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._colour = sys.stdout.isatty()

    def announce(self, line: str) -> None:
        """Print a line of the stack itself, as it is."""
        # Who reads us may be gone; the parts must be stopped all the same.
        with self._lock, contextlib.suppress(OSError):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def part(self, name: str) -> Callable[[str], None]:
        """Return the printer of a part's lines, each headed by the part's name."""
        head = f"{name:<8} | "
        if self._colour:
            head = f"\x1b[{COLOURS.get(name, 0)}m{head}\x1b[0m"
        return lambda line: self.announce(head + line)

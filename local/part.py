"""One `counterfoil` command as a child."""

import http.client
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.process import Child

# -P: a settings.py or cli in the user's folder must not be taken for ours.
COUNTERFOIL = [sys.executable, "-P", "-m", "cli"]


@dataclass(eq=False)
class Part(Child):
    """A part that is ready when it says `<name> ready`, or, with a `health` address, when that answers.

    It serves on `listener`, which stays open when the part ends: who connects meanwhile waits for the next one.
    """

    name: str
    arguments: list[str]
    env: Mapping[str, str]
    print_line: Callable[[str], None]
    health: str = ""
    listener: socket.socket | None = None

    def __post_init__(self) -> None:
        super().__init__(self._hear)
        self._said_ready = False

    def command(self) -> list[str]:
        """Return the command line."""
        self._said_ready = False
        return self.arguments if self.listener is None else [*self.arguments, "--fd", str(self.listener.fileno())]

    def spawn_options(self) -> dict:
        """Return the file that the process is handed."""
        return {} if self.listener is None else {"pass_fds": [self.listener.fileno()]}

    def environment(self) -> Mapping[str, str]:
        """Return the environment it was made with."""
        return self.env

    def is_ready(self) -> bool:
        """Return whether the part does its work."""
        return _answers(self.health) if self.health else self._said_ready

    def _hear(self, line: str) -> None:
        self._said_ready = self._said_ready or line == f"{self.name} ready" or f'"{self.name} ready"' in line
        self.print_line(line)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=2).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code == 401
    except (OSError, http.client.HTTPException):  # or something else listens there
        return False
    return True

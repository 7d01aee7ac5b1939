"""Valkey in a process: it keeps nothing on disk, because nothing in it is needed."""

import secrets
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.binaries import valkey_program
from local.process import LOOPBACK, Child, free_port

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{folder}"
save ""
appendonly no
maxmemory-policy noeviction
"""


class EmbeddedBroker(Child):
    """A Valkey on loopback behind a random password, empty at each start."""

    name = "broker"
    is_server = True

    def __init__(self, data_dir: Path, port: int | None = None, on_line: Callable[[str], None] | None = None) -> None:
        super().__init__(on_line)
        self.data_dir = Path(data_dir).absolute()
        self.port = port
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """Return the broker's URL, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def command(self) -> list[str]:
        """Return the server's command line, its configuration written where only its owner reads it."""
        self.port = self.port or free_port()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        configuration = self.data_dir / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self._password, folder=self.data_dir)
        )
        return [str(valkey_program()), str(configuration)]

    def is_ready(self) -> bool:
        """Return whether the server answers."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

"""Valkey in a process: it keeps nothing on disk, because nothing in it is needed."""

import secrets
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.binaries import valkey_program
from local.process import LOOPBACK, Child, free_port
from local.secret import write_secret

# What a part and Flower may do; docker-compose.yml says the same.
_CONNECT = "+hello +auth +select +ping +client|setinfo +client|setname"
_REPLIES = "~_kombu.binding* ~*.celery.pidbox*"
_TALK = f"{_CONNECT} +publish +subscribe +psubscribe +unsubscribe +punsubscribe &/0.celery.pidbox &/0.celeryev/*"
_QUEUE = "+lpush +brpop +rpop +llen +exists +del +pexpire +sadd +srem +smembers +multi +exec +watch +unwatch +discard"
_SCRIPTS = "+evalsha +script|load +script|exists +time +zadd +zrangebyscore +zrem"
PART = f"~urgent ~default ~io ~ocr ~celeryev* {_REPLIES} {_TALK} {_QUEUE} {_SCRIPTS} +info"
FLOWER = f"%R~urgent %R~default %R~io %R~ocr ~celeryev* {_REPLIES} {_TALK} {_QUEUE} {_SCRIPTS}"

CONFIGURATION = """\
bind {host}
port {port}
dir "{folder}"
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
{users}
"""


class EmbeddedBroker(Child):
    """A Valkey on loopback behind random passwords, empty at each start.

    Only `with_admin` does it have a user who may do everything; no part needs that.
    """

    name = "broker"
    host = LOOPBACK
    is_server = True

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        on_line: Callable[[str], None] | None = None,
        with_admin: bool = False,
    ) -> None:
        super().__init__(on_line)
        self.data_dir = Path(data_dir).absolute()
        self.port = port
        self._rights = {"part": PART, "flower": FLOWER} | ({"admin": "~* &* +@all"} if with_admin else {})
        self._passwords = {user: secrets.token_urlsafe(24) for user in self._rights}

    @property
    def url(self) -> str:
        """Return the URL of a part, password included."""
        return self._url("part")

    @property
    def flower_url(self) -> str:
        """Return Flower's URL, password included."""
        return self._url("flower")

    @property
    def admin_url(self) -> str:
        """Return the URL of the user who may do everything, password included."""
        return self._url("admin")

    def _url(self, user: str) -> str:
        return f"redis://{user}:{self._passwords[user]}@{self.host}:{self.port}/0"

    def command(self) -> list[str]:
        """Return the server's command line, its configuration written where only its owner reads it."""
        self.port = self.port or free_port()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        users = [f"user {user} on >{self._passwords[user]} -@all {rights}" for user, rights in self._rights.items()]
        configuration = self.data_dir / "valkey.conf"
        text = CONFIGURATION.format(
            host=self.host, port=self.port, folder=self.data_dir, users="\n".join(["user default off", *users])
        )
        write_secret(configuration, text)
        return [str(valkey_program()), str(configuration)]

    def is_ready(self) -> bool:
        """Return whether the server answers."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

"""Where a peer keeps its jobs for one run: made empty, asked what is left, gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg
import redis

from bench.machine import Machine
from settings import variable

DATABASE, VALKEY_NUMBER = "peer", 1


class Place(Protocol):
    """A backlog of no-op jobs, as the bench sees it."""

    environment: dict[str, str]

    def settle(self) -> None: ...
    def left(self) -> int: ...
    def is_empty(self) -> bool: ...
    def done(self) -> int | None: ...


class Tables:
    """A database; `waiting` is the FROM and WHERE of the jobs not done, `finished` of those done, if they are kept."""

    def __init__(self, connection: psycopg.Connection, url: str, waiting: str, finished: str) -> None:
        self.environment = {variable("database_url"): url}
        self._connection = connection
        self._waiting, self._finished = waiting, finished

    def settle(self) -> None:
        """Let the planner know the tables as in daily use, and leave nothing for autovacuum to start on."""
        self._connection.execute("VACUUM ANALYZE")

    def left(self) -> int:
        return self._ask(f"SELECT count(*) FROM {self._waiting}")

    def is_empty(self) -> bool:
        return self._ask(f"SELECT NOT EXISTS (SELECT FROM {self._waiting})")

    def done(self) -> int | None:
        return self._ask(f"SELECT count(*) FROM {self._finished}") if self._finished else None

    def _ask(self, question: str) -> Any:
        [answer] = self._connection.execute(question).fetchone() or [None]
        return answer


class Lists:
    """A database of Valkey with the queue of BullMQ called noop."""

    def __init__(self, client: redis.Redis, url: str) -> None:
        self.environment = {variable("broker_url"): url}
        self._client = client

    def settle(self) -> None:
        """Do nothing: there is no planner."""

    def left(self) -> int:
        return self._client.llen("bull:noop:wait") + self._client.llen("bull:noop:active")

    def is_empty(self) -> bool:
        return not self.left()

    def done(self) -> int:
        return self._client.zcard("bull:noop:completed")


@contextmanager
def tables(machine: Machine, waiting: str, finished: str = "") -> Iterator[Tables]:
    with database(machine) as url, psycopg.connect(url, autocommit=True) as connection:
        yield Tables(connection, url, waiting, finished)


@contextmanager
def lists(machine: Machine) -> Iterator[Lists]:
    url = f"{machine.broker.admin_url.rpartition('/')[0]}/{VALKEY_NUMBER}"
    with redis.Redis.from_url(url) as client:
        try:
            yield Lists(client, url)
        finally:
            client.flushdb()


@contextmanager
def database(machine: Machine) -> Iterator[str]:
    """Yield the URL of an empty database, which is gone afterwards."""
    with psycopg.connect(machine.postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
        try:
            yield f"{machine.postgres.url.rpartition('/')[0]}/{DATABASE}"
        finally:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")

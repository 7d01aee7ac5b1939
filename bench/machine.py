"""Servers and processes of one benchmark run, gone when it ends."""

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import redis
from sqlalchemy import Engine, create_engine, text

import settings
from db import engine, migrations
from local.broker import EmbeddedBroker
from local.part import Part
from local.postgres import PART, EmbeddedPostgres
from local.process import free_port
from settings import child_environment, database_url, variable

STATEMENT = re.compile(r"\[(\d+)\] LOG: +(statement|execute [^:]*): ")
CELERY_OPTIONS = ["--concurrency=2", "--loglevel=ERROR", "--without-gossip", "--without-mingle"]


class Machine:
    """PostgreSQL (fsync and synchronous_commit on) and Valkey on loopback; `statements` are counted by backend."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.statements: Counter[int] = Counter()
        self.api_port = free_port()
        # What else the environment of its processes says.
        self.more: dict[str, str] = {}
        self.postgres = EmbeddedPostgres(folder / "postgres", on_line=self._count)
        self.broker = EmbeddedBroker(folder / "broker", with_admin=True)

    def _count(self, line: str) -> None:
        if (found := STATEMENT.search(line)) and not line.endswith(("BEGIN", "COMMIT", "ROLLBACK")):
            self.statements[int(found[1])] += 1

    def renew(self) -> None:
        """Make database and broker as on the first day, so that no measurement finds what another left."""
        self.engine.dispose()
        engine.engine().dispose()
        root, _, name = self.postgres.url.rpartition("/")
        with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        self.migrate()
        self.valkey.flushall()

    def migrate(self) -> None:
        """Make the schema, open to the parts as are the tables that a measurement adds to it."""
        migrations.upgrade()
        self.execute(f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PART}")

    @contextmanager
    def logging_statements(self) -> Iterator[None]:
        """Have the connections that are opened in the block counted in `statements`."""
        database = self.scalar("SELECT current_database()")
        self.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")
        self.execute(f"ALTER DATABASE {database} SET log_parameter_max_length = 0")
        try:
            yield
        finally:
            self.execute(f"ALTER DATABASE {database} RESET ALL")

    def environment(self) -> dict[str, str]:
        places = {
            variable("database_url"): self.postgres.part_url,
            variable("broker_url"): self.broker.admin_url,
            variable("api_port"): str(self.api_port),
        }
        return child_environment(
            **places, **self.more, PYTHONPATH=str(Path(__file__).parent.parent), COUNTERFOIL_LOG_LEVEL="ERROR"
        )

    def scalar(self, statement: str, **parameters: object) -> Any:
        with self.engine.begin() as connection:
            return connection.execute(text(statement), parameters).scalar()

    def execute(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def settle(self) -> None:
        """Let the planner know the tables as in daily use, and leave nothing for autovacuum to start on."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))

    @cached_property
    def engine(self) -> Engine:
        return create_engine(database_url(self.postgres.url))

    @cached_property
    def valkey(self) -> redis.Redis:
        return redis.Redis.from_url(self.broker.admin_url)

    def depth(self, queue: str) -> int:
        return self.valkey.llen(queue)

    @contextmanager
    def running(self, *commands: tuple[str, ...]) -> Iterator[list[Part]]:
        """Run Python modules with arguments as children until the block ends."""
        with ExitStack() as stack:
            parts = [Part(c[0], [sys.executable, "-m", *c], self.environment(), lambda line: None) for c in commands]
            for part in parts:
                part.spawn()
                stack.callback(part.stop)
            yield parts
            for part in parts:
                if part.poll() is not None:
                    raise RuntimeError(f"{part.name} ended before the measurement did")


@contextmanager
def machine() -> Iterator[Machine]:
    """Yield a machine that this process's settings point at; its children get them by their environment."""
    with tempfile.TemporaryDirectory(prefix="cf-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Machine(Path(folder))
        with made.postgres, made.broker:
            urls = {
                "database_url": made.postgres.part_url,
                "database_owner_url": made.postgres.url,
                "broker_url": made.broker.admin_url,
            }
            settings.use(replace(settings.current(), **urls))
            yield made


def wait_for(condition: Callable[[], bool], seconds: float = 300, pause: float = 0.005) -> float:
    """Return the monotonic time at which `condition` was first seen true; raise TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the benchmark did not get there in time")
        time.sleep(pause)
    return time.monotonic()

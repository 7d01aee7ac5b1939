"""Databases for tests: one that is migrated once, and copies of it in which anything may happen."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy.engine import make_url

import settings
from db import migrations
from db.engine import engine
from local.postgres import PART, EmbeddedPostgres

MEMORY, ROOM_BYTES = Path("/dev/shm"), 4 * 1024**3

_numbers = itertools.count(1)


class Database(NamedTuple):
    """The two addresses of a database: under one the schema is made, under the other the parts work."""

    owner: str
    part: str

    def named(self, name: str) -> "Database":
        """Return the addresses of another database of the same server."""
        return Database(*(make_url(url).set(database=name).render_as_string(hide_password=False) for url in self))


@contextmanager
def embedded() -> Iterator[EmbeddedPostgres]:
    """Yield a PostgreSQL in a temporary folder. fsync is off: processes are killed here, the machine is not."""
    with tempfile.TemporaryDirectory(prefix="cf-pg-", dir=_memory(), ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder), settings={"fsync": "off", "max_connections": "200"}) as server:
            yield server


def _memory() -> Path | None:
    """Return a folder in memory, where a copy of a database takes a tenth of the time; None without room for it."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES else None


def migrated(server: EmbeddedPostgres) -> Database:
    """Return the server's database, its schema made by the owner; the parts may write to what a test adds."""
    database = Database(server.url, server.part_url)
    with in_use(database):
        migrations.upgrade()
    _execute(server.url, f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PART}")
    return database


@contextmanager
def in_use(database: Database) -> Iterator[None]:
    """Have the settings of this process name a database until the end; then disconnect from it."""
    before = settings.current()
    part, owner = settings.database_url(database.part), settings.database_url(database.owner)
    settings.use(replace(before, database_url=part, database_owner_url=owner))
    try:
        yield
    finally:
        disconnect()
        settings.use(before)


def disconnect() -> None:
    """Leave none of this process's connections to the database in use."""
    engine().dispose()


@contextmanager
def copy_of(database: Database) -> Iterator[Database]:
    """Yield a copy of a database to which nobody is connected; it is in use until the end, then dropped."""
    name, maintenance = f"copy_{next(_numbers)}", database.named("postgres").owner
    _execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {make_url(database.owner).database} STRATEGY file_copy")
    copy = database.named(name)
    try:
        with in_use(copy):
            yield copy
    finally:
        _execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]

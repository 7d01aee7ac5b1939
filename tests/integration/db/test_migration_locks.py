"""A migration that cannot have a table gives way, says who holds it, and comes again."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import inspect

from cli.main import counterfoil
from db import migrations
from db.engine import engine, owner_url
from local.binaries import postgres_programs
from tests import bodies, chain
from tests.caller import Caller
from tests.waiting import wait_until, wait_until_answered

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
DUMPING = """SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid)
             WHERE application_name = 'pg_dump' AND state = 'idle in transaction' AND mode = 'AccessShareLock'"""


@pytest.fixture(autouse=True)
def few_attempts(monkeypatch):
    monkeypatch.setattr(migrations, "ATTEMPTS", 2)
    monkeypatch.setattr(migrations, "PAUSE_S", 0.1)


@contextmanager
def reader(application: str = "report") -> Iterator[int]:
    """Hold a snapshot and the lock of whoever reads the invoices; give its pid."""
    with psycopg.connect(owner_url(), application_name=application) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM invoices")
        yield connection.info.backend_pid


@contextmanager
def dump() -> Iterator[Any]:
    """Hold a pg_dump in the middle: it has locked every table, and nobody takes what it writes."""
    with subprocess.Popen([str(postgres_programs() / "pg_dump"), owner_url()], stdout=subprocess.PIPE) as process:
        wait_until(lambda: chain.value(DUMPING) > 20)
        yield process
        process.communicate()
        assert process.returncode == 0


def test_a_migration_that_is_blocked_says_by_whom_and_changes_nothing(database, organization):
    before = inspect(engine()).get_table_names()
    with reader() as pid, pytest.raises(migrations.Blocked) as blocked:
        migrations.downgrade("base")
    assert f"pid {pid} (report), in a transaction since 20" in str(blocked.value)
    assert "SELECT" not in str(blocked.value)
    assert inspect(engine()).get_table_names() == before


def test_a_migration_goes_on_once_nobody_is_in_its_way(database, organization):
    with ThreadPoolExecutor(1) as pool:
        with reader():
            changed = pool.submit(migrations.downgrade, "base")
            wait_until(lambda: chain.value(WAITING) == 1)
        changed.result()
    assert inspect(engine()).get_table_names() == ["alembic_version"]


@pytest.mark.parametrize(("other", "name"), [(reader, "report"), (dump, "pg_dump")])
def test_requests_are_answered_while_a_migration_is_blocked(database, organization, other, name, monkeypatch, caplog):
    monkeypatch.setattr(migrations, "ATTEMPTS", 4)
    caller, answered = Caller(organization.key), 0
    invoice = bodies.invoice(organization.supplier_id)
    with other(), ThreadPoolExecutor(1) as pool:
        changed = pool.submit(migrations.downgrade, "base")
        while not changed.done():
            assert wait_until_answered(lambda: caller.post(chain.GENERATE, invoice)).status_code == 200
            answered += 1
        with pytest.raises(migrations.Blocked):
            changed.result()
    assert f"({name})" in caplog.text
    assert answered > 3


def test_the_command_says_in_one_line_what_is_in_its_way(database, organization):
    with reader("monthly"):
        ended = CliRunner().invoke(counterfoil, ["migrate", "--down", "base"])
    assert ended.exit_code == 1
    [line] = [line for line in ended.output.splitlines() if line.startswith("Error")]
    assert "the schema was not changed, because others hold its tables: pid" in line
    assert "(monthly)" in line


def test_two_migrations_at_once_wait_for_each_other_longer_than_for_a_table(database, organization):
    migrations.downgrade("base")
    with psycopg.connect(owner_url()) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT pg_advisory_xact_lock(4270331)")
        changed = pool.submit(migrations.upgrade)
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 1.5)
        assert not changed.done()
        other.rollback()
        changed.result()
    assert "invoices" in inspect(engine()).get_table_names()

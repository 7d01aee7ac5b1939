"""The doctor sees what fills the disk, what is never cleaned up, and what runs out of numbers or partitions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from domain.doctor import storage
from tests import chain
from tests.conftest import execute
from tests.integration.db.test_condition import set_for_database
from tests.integration.doctor.found import found, verdict
from tests.waiting import wait_until

NOBODY = 65534
FILL = "INSERT INTO incidents (name, count) SELECT 'incident ' || n, 1 FROM generate_series(1, 10000) AS n"
WEEK = """
    SELECT to_char(date_trunc('week', clock_timestamp()) + %s * interval '7 days', '"completed_jobs_"YYYY_MM_DD')"""


@contextmanager
def server_set(database: str, name: str, value: str) -> Iterator[None]:
    """Have the whole server run with a setting."""

    def becomes(wanted: str) -> None:
        execute(database, "SELECT pg_reload_conf()")
        wait_until(lambda: chain.value(f"SHOW {name}") == wanted, 10, f"{name} did not become {wanted}")

    before = chain.value(f"SHOW {name}")
    execute(database, f"ALTER SYSTEM SET {name} = {value}")
    try:
        becomes(value)
        yield
    finally:
        execute(database, f"ALTER SYSTEM RESET {name}")
        becomes(before)


@pytest.mark.parametrize("name", ["autovacuum", "track_counts"])
def test_a_server_that_does_not_clean_up(database, name):
    assert verdict("autovacuum") == "ok"
    with server_set(database, name, "off"):
        line = found("autovacuum")
        assert (line.verdict, line.measured) == ("wrong", f"{name} off")


def test_a_table_that_is_never_cleaned_up(database):
    execute(database, "ALTER TABLE outbox SET (autovacuum_enabled = off)")
    line = found("autovacuum")
    assert (line.verdict, line.measured) == ("wrong", "off for outbox")


def emptied(database: str, *statements: str) -> None:
    """Fill a table that is not cleaned up by itself, and delete nearly all; the server then counts its rows."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("ALTER TABLE incidents SET (autovacuum_enabled = off)")
        owner.execute(FILL)
        owner.execute("DELETE FROM incidents WHERE name <> (SELECT name FROM incidents ORDER BY ctid DESC LIMIT 1)")
        for statement in statements:
            owner.execute(statement)
        owner.execute("SELECT pg_stat_force_next_flush()")


def test_more_dead_rows_than_live_ones(database, monkeypatch):
    emptied(database)
    assert verdict("bloat") == "ok", "so few cost nothing"
    monkeypatch.setattr(storage, "MANY_DEAD_ROWS", 5000)
    line = found("bloat")
    assert (line.verdict, "incidents has 9,999 dead rows beside 1 live ones" in line.measured) == ("warning", True)


def test_a_file_far_larger_than_its_rows(database, monkeypatch):
    monkeypatch.setattr(storage, "LARGE_FILE", 100_000)
    assert verdict("bloat") == "ok"
    emptied(database, "VACUUM ANALYZE incidents")
    line = found("bloat")
    assert (line.verdict, "VACUUM FULL incidents" in line.remedy) == ("warning", True)


def test_a_replication_slot_that_nobody_reads(database, monkeypatch):
    assert verdict("slots") == "ok"
    execute(database, "SELECT pg_create_physical_replication_slot('forgotten', true)")
    try:
        line = found("slots")
        assert (line.verdict, "pg_drop_replication_slot('forgotten')" in line.remedy) == ("warning", True)
        monkeypatch.setattr(storage, "HELD_BYTES", 0)
        assert verdict("slots") == "wrong"
    finally:
        execute(database, "SELECT pg_drop_replication_slot('forgotten')")


def test_a_server_that_cannot_write_to_its_disk(database):
    set_for_database("temp_file_limit", "0")
    line = found("disk")
    assert (line.verdict, line.remedy) == ("wrong", "Make room on it.")


def test_a_disk_on_which_little_is_free(database, monkeypatch):
    monkeypatch.setattr(storage, "MIN_FREE", 0)
    monkeypatch.setattr(storage, "LITTLE_FREE", 0.0)
    line = found("disk")
    assert (line.verdict, "free on the server's disk" in line.measured) == ("ok", True)
    monkeypatch.setattr(storage, "LITTLE_FREE", 1.1)
    assert verdict("disk") == "warning"
    monkeypatch.setattr(storage, "MIN_FREE", 2**70)
    assert verdict("disk") == "wrong"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not look at the server's process")
def test_a_disk_that_cannot_be_seen_is_not_called_good(database):
    os.seteuid(NOBODY)
    try:
        assert verdict("disk") == "unknown"
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(("used", "judged"), [(0.4, "ok"), (0.6, "warning"), (0.95, "wrong")])
def test_a_sequence_near_its_end(database, used, judged):
    chain.ask("SELECT setval('products_id_seq', CAST(%s * 9e18 AS bigint))", used)
    line = found("sequences")
    assert (line.verdict, "products_id_seq" in line.measured) == (judged, True)


def test_weeks_without_a_partition(database):
    assert verdict("partitions") == "ok"
    for ahead, judged in ((2, "ok"), (1, "warning"), (0, "wrong")):
        chain.ask(f"DROP TABLE {chain.value(WEEK, ahead)}")
        assert verdict("partitions") == judged

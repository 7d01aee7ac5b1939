"""The doctor sees a database that cannot be used, timeouts that are added to ours, and who holds a transaction open."""

import re

import psycopg
import pytest

from db.engine import engine
from domain.doctor import sessions
from local.postgres import PART
from tests import chain
from tests.conftest import configure, execute
from tests.integration.db.test_condition import set_for_database
from tests.integration.doctor.found import found, verdict


@pytest.mark.parametrize(
    ("revision", "judged", "remedy"),
    [("0000", "wrong", "Run `counterfoil migrate`."), ("9999", "warning", "Start the newer version.")],
)
def test_a_schema_of_another_version(database, revision, judged, remedy):
    assert verdict("database") == "ok"
    chain.ask("UPDATE alembic_version SET version_num = %s", revision)
    line = found("database")
    assert (line.verdict, line.remedy) == (judged, remedy)
    assert revision in line.measured


def test_a_database_that_takes_no_writes(database):
    set_for_database("default_transaction_read_only", "on")
    line = found("database")
    assert (line.verdict, line.measured) == ("wrong", "the database is read-only")


def test_a_session_for_each_of_ours_is_no_pooler(database):
    assert verdict("pooler") == "ok"


def test_transactions_that_the_server_ends_before_the_task_timeout(database):
    set_for_database("transaction_timeout", "'31s'")
    assert verdict("timeouts") == "ok"
    set_for_database("transaction_timeout", "'30s'")
    line = found("timeouts")
    assert line.verdict == "wrong"
    assert line.measured == "the server ends transactions after 30 s, and COUNTERFOIL_TASK_TIMEOUT is 30 s"


def test_idle_sessions_that_the_server_cuts_off(database):
    set_for_database("idle_session_timeout", "'90s'")
    line = found("timeouts")
    assert (line.verdict, "idle for 90 s" in line.measured) == ("warning", True)


def test_a_transaction_that_somebody_holds_open(database, monkeypatch):
    with psycopg.connect(database, application_name="report") as other:
        other.execute("SELECT 1")
        assert verdict("transactions") == "ok", "it began only now"
        monkeypatch.setattr(sessions, "LONG_TRANSACTION_S", 0.0)
        line = found("transactions")
        assert (line.verdict, f"pg_terminate_backend({other.info.backend_pid})" in line.remedy) == ("warning", True)
        assert re.search(r"\(counterfoil, report\) has been in a transaction for \d+ s: idle in tr", line.measured)
        monkeypatch.setattr(sessions, "TOO_LONG_TRANSACTION_S", 0.0)
        assert verdict("transactions") == "wrong"
        other.rollback()
        assert verdict("transactions") == "ok"


def test_sessions_of_others_that_tell_nothing_are_not_called_harmless(database):
    execute(database, f"REVOKE pg_read_all_stats FROM {PART}")
    try:
        engine().dispose()
        with psycopg.connect(database) as other:
            other.execute("SELECT 1")
            line = found("transactions")
            assert (line.verdict, "Grant pg_read_all_stats" in line.remedy) == ("unknown", True)
    finally:
        execute(database, f"GRANT pg_read_all_stats TO {PART}")


def test_a_role_for_which_the_wall_between_organizations_does_nothing(database):
    assert verdict("wall") == "ok"
    execute(database, f"ALTER ROLE {PART} BYPASSRLS")
    try:
        line = found("wall")
    finally:
        execute(database, f"ALTER ROLE {PART} NOBYPASSRLS")
    assert (line.verdict, f"the role {PART} of DATABASE_URL has BYPASSRLS" in line.measured) == ("warning", True)
    assert "DATABASE_OWNER_URL" in line.remedy
    configure(database_url=database)
    assert "is a superuser" in found("wall").measured or "owns the tables" in found("wall").measured

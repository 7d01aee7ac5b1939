"""The parts connect under a role that may do their work and cannot change the past, whatever runs in them."""

import logging

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import settings
from cli import preflight
from db import migrations, privileges, retention
from db.engine import owner_url
from db.transaction import transaction
from local.postgres import PART
from settings import ConfigurationError
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.local.running_stack import counterfoil

TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = CAST('public' AS regnamespace)
    AND relkind IN ('r', 'p', 'v') AND NOT (relispartition AND relname ~ '_[0-9]{4}_[0-9]{2}_[0-9]{2}$')"""
HELD = """
    SELECT coalesce(string_agg(privilege, ', ' ORDER BY privilege), '') FROM unnest(
        ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
    WHERE has_table_privilege(%s, CAST(%s AS text), privilege)"""
WEEK = "SELECT relname FROM pg_class WHERE relname ~ '^completed_jobs_[0-9]' LIMIT 1"


@pytest.fixture
def issued(database, client, organization) -> None:
    """A database with an invoice."""
    assert client.post(chain.GENERATE, bodies.invoice(organization.supplier_id)).status_code == 200


def as_part(statement: str) -> None:
    with psycopg.connect(settings.current().database_url, autocommit=True) as connection:
        connection.execute(statement)


def test_each_table_of_the_schema_has_a_decision_and_each_decision_a_table(database):
    assert {name for (name,) in chain.rows(TABLES)} == set(privileges.TABLES)


@pytest.mark.parametrize("table", privileges.TABLES)
def test_the_parts_hold_what_was_decided_and_nothing_else(database, table):
    decided = {one.strip() for one in privileges.TABLES[table].partition("(")[0].split(",")}
    if "(" in privileges.TABLES[table]:
        decided.discard("UPDATE")  # of some columns only
    assert chain.value(HELD, PART, table) == ", ".join(sorted(decided))


def test_what_is_kept_can_be_deleted_from_by_no_decision():
    assert not [table for table, decided in privileges.KEPT.items() if "DELETE" in decided]


@pytest.mark.parametrize("table", [*privileges.KEPT, "organizations", "suppliers", "clients", "data_keys"])
def test_a_part_deletes_nothing_that_is_kept(issued, table):
    with pytest.raises(InsufficientPrivilege):
        as_part(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE invoices DISABLE TRIGGER USER",
        "ALTER TABLE invoices DISABLE TRIGGER ALL",
        "ALTER TABLE invoices OWNER TO counterfoil_part",
        "SET session_replication_role = replica",
        "TRUNCATE invoices CASCADE",
        "TRUNCATE outbox",
        "DROP TABLE invoices CASCADE",
        "DROP FUNCTION refuse_change() CASCADE",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TABLE mine (one int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE EXTENSION file_fdw",
        "COPY invoices FROM PROGRAM 'true'",
        "COPY invoices TO '/tmp/invoices'",
        "SELECT pg_read_file('PG_VERSION')",
        "SET ROLE counterfoil",
        "ALTER ROLE counterfoil_part SUPERUSER",
        "ALTER SYSTEM SET fsync = off",
        "UPDATE invoices SET total = 0",
        "UPDATE invoices SET hash = hash",
        "UPDATE movements SET value = 0",
        "UPDATE journal_lines SET debit = 0",
        "UPDATE data_keys SET organization_id = 1",
        "SELECT setval('invoices_id_seq', 1)",
        "UPDATE alembic_version SET version_num = '0000'",
    ],
)
def test_a_part_is_refused(issued, statement):
    with pytest.raises(InsufficientPrivilege):
        as_part(statement)


def test_a_part_reaches_no_week_but_through_its_table_and_drops_none_that_is_not_over(issued):
    week = chain.value(WEEK)
    chain.ask(f"REVOKE ALL ON {week} FROM {PART}")  # the tests' own default
    for statement in (f"DELETE FROM {week}", f"DROP TABLE {week}"):
        with pytest.raises(InsufficientPrivilege):
            as_part(statement)
    for parent in retention.PARENTS:
        with pytest.raises(psycopg.errors.RestrictViolation, match="is not over"):
            as_part(f"SELECT drop_week('{parent}', CAST(date_trunc('week', now()) AS date))")
    for verb in ("make_week", "drop_week"):
        with pytest.raises(psycopg.errors.RaiseException, match="is not kept by weeks"):
            as_part(f"SELECT {verb}('invoices', CAST('2020-01-06' AS date))")


def test_a_table_that_stands_in_the_way_is_not_taken_for_the_owners(issued):
    with psycopg.connect(settings.current().database_url) as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE completed_jobs (completed_at timestamptz) PARTITION BY RANGE (completed_at)"
        )
        connection.execute("SELECT make_week('completed_jobs', CAST('2030-01-07' AS date))")
    found = "SELECT count(*) FROM pg_inherits WHERE inhparent = CAST('public.completed_jobs' AS regclass)"
    assert chain.value(f"{found} AND inhrelid = to_regclass('public.completed_jobs_2030_01_07')") == 1


def test_a_migration_that_runs_again_closes_what_somebody_opened(database):
    chain.ask(f"GRANT DELETE, TRUNCATE ON invoices TO {PART}")
    chain.ask("GRANT CREATE ON SCHEMA public TO PUBLIC")
    migrations.upgrade()
    assert chain.value(HELD, PART, "invoices") == "INSERT, SELECT"
    with pytest.raises(InsufficientPrivilege):
        as_part("CREATE TABLE mine (one int)")


def test_a_role_that_does_not_exist_is_made_under_the_password_of_its_url(database):
    url = make_url(database).set(username="new_part", password='it\'s-"new"')
    configure(database_url=url.render_as_string(hide_password=False))
    try:
        migrations.upgrade()
        as_part("SELECT count(*) FROM invoices")
    finally:
        chain.ask("DROP OWNED BY new_part")
        chain.ask("DROP ROLE new_part")


def test_a_password_that_was_changed_in_the_url_is_the_roles_after_the_next_migration(database):
    chain.ask("CREATE ROLE part_of_ours LOGIN PASSWORD 'old'")
    url = make_url(database).set(username="part_of_ours", password="new")
    configure(database_url=url.render_as_string(hide_password=False))
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            as_part("SELECT 1")
        migrations.upgrade()
        as_part("SELECT count(*) FROM invoices")
    finally:
        chain.ask("DROP OWNED BY part_of_ours")
        chain.ask("DROP ROLE part_of_ours")


def test_tables_and_sequences_of_another_application_in_the_schema_are_left_alone(database):
    chain.ask("CREATE SEQUENCE theirs")
    migrations.upgrade()
    assert not chain.value("SELECT has_sequence_privilege(%s, 'theirs', 'USAGE')", PART)
    assert chain.value("SELECT has_sequence_privilege(%s, 'jobs_ids', 'USAGE')", PART)


def test_an_owner_who_may_create_no_role_says_what_is_to_be_done(database):
    chain.ask("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    owner = make_url(database).set(drivername="postgresql+psycopg", username="plain", password="plain")
    configure(database_url=owner.set(drivername="postgresql", username="missing").render_as_string(False))
    try:
        with (
            create_engine(owner).connect() as line,
            pytest.raises(ConfigurationError, match="CREATE ROLE missing LOGIN"),
        ):
            privileges.open_to_parts(line)
    finally:
        chain.ask("DROP ROLE plain")


def warned(caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.WARNING, "cli.preflight"):
        preflight.require_database()
    return caplog.text


def test_a_part_whose_role_may_too_much_starts_with_a_word(database, caplog):
    assert warned(caplog) == ""
    configure(database_url=owner_url())
    assert "the role of DATABASE_URL may do everything, as a superuser: give the parts a role of their own" in warned(
        caplog
    )


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        (f"GRANT TRUNCATE ON outbox TO {PART}", "truncate tables"),
        (f"GRANT DELETE ON invoices TO {PART}", "delete from tables of which everything is kept"),
        (f"GRANT CREATE ON SCHEMA public TO {PART}", "create tables"),
        (f"ALTER TABLE pauses OWNER TO {PART}", "drop tables and disable their triggers and row-level security"),
    ],
)
def test_each_right_too_many_is_named(database, caplog, statement, word):
    chain.ask(statement)
    assert word in warned(caplog)


def test_the_parts_and_keys_work_under_their_role_and_only_migrate_needs_the_owner(database):
    made = counterfoil("keys", "create", "--organization", "New", DATABASE_URL=settings.current().database_url)
    assert (made.returncode, made.stderr) == (0, "")
    assert Caller(made.stdout.strip()).get("/api/v1/invoices").status_code == 200


@pytest.mark.parametrize("parent", retention.PARENTS)
def test_a_week_is_made_and_dropped_by_the_role_of_the_parts(database, parent):
    week = chain.value("SELECT CAST(date_trunc('week', now()) - interval '700 days' AS date)")
    week = chain.value("SELECT CAST(date_trunc('week', CAST(%s AS timestamptz)) AS date)", week)
    as_part(f"SELECT make_week('{parent}', '{week}')")
    with transaction() as session:
        assert retention.drop_week(session, parent, days=90)
    assert chain.value("SELECT to_regclass(%s)", f"{parent}_{week:%Y_%m_%d}") is None

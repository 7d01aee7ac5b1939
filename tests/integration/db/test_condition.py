"""A database that cannot be used is named as such, with the remedy; what its address asks for is kept."""

from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

import settings
from db import condition, migrations
from db.engine import connect_arguments, engine
from db.transaction import transaction
from tests import chain
from tests.conftest import configure, execute


def check(migrated: bool = True) -> None:
    with transaction() as session:
        condition.check(session, migrated)


def set_for_database(name: str, value: str) -> None:
    """Have each new session of this test's database begin with the setting."""
    chain.ask(f"ALTER DATABASE {conninfo_to_dict(settings.current().database_url)['dbname']} SET {name} = {value}")
    engine().dispose()


def test_a_migrated_database_can_be_used(database):
    check()


@pytest.mark.parametrize("statement", ["DELETE FROM alembic_version", "DROP TABLE alembic_version"])
def test_a_database_without_a_schema_is_to_be_migrated(database, statement):
    chain.ask(statement)
    with pytest.raises(condition.Unusable, match="no schema yet: run `counterfoil migrate`"):
        check()
    check(migrated=False)


def test_a_schema_of_an_older_version_is_to_be_migrated(database):
    chain.ask("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(condition.Unusable, match=r"revision 0000, but [0-9]{4} is needed: run `counterfoil migrate`"):
        check()


def test_a_schema_of_a_newer_version_is_told_from_the_others(database):
    chain.ask("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(condition.SchemaNewer, match="revision 9999, which this version"):
        check()


def test_a_database_that_takes_no_writes_is_refused(database):
    set_for_database("default_transaction_read_only", "on")
    with pytest.raises(condition.Unusable, match="read-only: DATABASE_URL must lead to the primary"):
        check()


def test_a_server_that_cannot_write_a_file_is_refused(database):
    set_for_database("temp_file_limit", "0")
    with pytest.raises(condition.Unusable, match=r"cannot write to its disk \(temporary file size exceeds"):
        check()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_name_is_refused(database, encoding):
    execute(
        database, f"CREATE DATABASE narrow ENCODING '{encoding}' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    try:
        configure(database_url=database[: database.rindex("/")] + "/narrow")
        with pytest.raises(condition.Unusable, match=f"encoding is {encoding}.*ENCODING 'UTF8'"):
            check()
    finally:
        engine().dispose()
        configure(database_url=database)
        execute(database, "DROP DATABASE narrow WITH (FORCE)")


def test_a_commit_is_on_disk_before_it_is_told_whatever_the_server_says(database):
    set_for_database("synchronous_commit", "off")
    assert shown("synchronous_commit") == "on"


def shown(name: str) -> str:
    with engine().connect() as connection:
        return connection.scalar(text(f"SHOW {name}"))


def test_what_the_address_of_the_database_asks_for_is_kept(database):
    options = quote("-c search_path=public,extra -c lock_timeout=99s")
    configure(database_url=f"{database}?options={options}&application_name=shop&connect_timeout=7")
    assert shown("search_path") == "public,extra"
    assert shown("application_name") == "shop"
    assert shown("lock_timeout") == f"{settings.current().lock_timeout}s", "a caller's option takes ours away"
    assert "connect_timeout" not in connect_arguments()


def test_what_the_environment_asks_of_each_session_is_kept(database, monkeypatch):
    monkeypatch.setenv("PGOPTIONS", "-c search_path=public,extra")
    assert shown("search_path") == "public,extra"


def test_a_migration_keeps_what_the_address_asks_for(database):
    migrations.downgrade("base")
    chain.ask("CREATE SCHEMA elsewhere")
    configure(database_owner_url=f"{database}?options={quote('-c search_path=elsewhere')}")
    migrations.upgrade()
    assert chain.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'elsewhere' AND tablename = 'jobs'") == 1

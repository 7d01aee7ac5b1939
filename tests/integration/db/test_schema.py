from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from db import migrations
from db.engine import engine
from db.models import Base
from tasks.app import cleanup
from tests import bodies, chain
from tests.caller import Caller
from tests.checker import check


def test_the_models_and_the_migrated_schema_agree(database):
    partitions = {name for (name,) in chain.rows("SELECT relname FROM pg_class WHERE relispartition")}
    options = {
        "include_object": lambda _obj, name, kind, _reflected, _other: kind != "index" and name not in partitions
    }
    with engine().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []


def test_the_schema_goes_down_to_nothing_and_up_again(database):
    migrations.downgrade("base")
    assert inspect(engine()).get_table_names() == ["alembic_version"]
    with engine().connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_proc WHERE proname LIKE 'refuse%'")) == 0
    migrations.upgrade()
    assert "invoices" in inspect(engine()).get_table_names()


def test_a_publication_of_all_tables_stops_nobody(database, lanes, organization):
    def issued() -> int:
        job_id = chain.submit(organization, "Client")
        while chain.relay() + chain.work():
            pass
        return job_id

    chain.ask("UPDATE jobs SET completed_at = completed_at - interval '400 weeks' WHERE id = %s", issued())
    chain.ask("CREATE PUBLICATION everything FOR ALL TABLES")
    done = issued()
    assert chain.value("SELECT count(*) FROM invoices") == 2
    cleanup()
    assert chain.rows("SELECT id FROM jobs WHERE kind = 'invoice.generate'") == [(done,)]


def test_a_column_that_a_newer_version_adds_disturbs_no_statement_prepared_before(database, lanes, organization):
    """PostgreSQL refuses a prepared `SELECT *` once its table has another column."""
    caller = Caller(organization.key)

    def work() -> None:
        body = bodies.invoice(organization.supplier_id)
        assert caller.post(chain.GENERATE, body).status_code == 200
        assert caller.get("/api/v1/invoices").status_code == 200
        chain.submit(organization, "Client")
        while chain.relay() + chain.work():
            pass

    for _ in range(8):
        work()
    for table in Base.metadata.tables:
        chain.ask(f"ALTER TABLE {table} ADD COLUMN of_a_newer_version text")
    work()
    chain.keep_books()
    completed = (
        "SELECT kind, count(*) FROM jobs WHERE status = 'COMPLETED' AND attempts = 1 GROUP BY kind ORDER BY kind"
    )
    assert chain.rows(completed) == [("accounting.recreate", 18), ("invoice.generate", 9)]
    check(database)

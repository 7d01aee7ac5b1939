"""Health tells whether requests can be accepted, and why not."""

import pytest

from api.operations.health import EXTENSION, DiskProbe
from db.engine import engine
from tests import chain
from tests.caller import Caller, application

HEALTH = "/api/v1/health"


@pytest.fixture
def health(organization):
    return lambda: Caller(organization.key).get(HEALTH)


def test_a_usable_database_is_healthy(health):
    assert (health().status_code, health().json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("DROP TABLE alembic_version", "run `counterfoil migrate`"),
        ("ALTER DATABASE {database} SET default_transaction_read_only = on", "the database is read-only"),
        ("ALTER DATABASE {database} SET temp_file_limit = 0", "cannot write to its disk"),
    ],
    ids=["not migrated", "read-only", "disk full"],
)
def test_a_database_that_takes_no_work_is_503_with_the_reason(database, health, statement, word, caplog):
    application().extensions[EXTENSION] = DiskProbe()
    chain.ask(statement.format(database=database.rpartition("/")[2]))
    engine().dispose()
    answer = health()
    assert answer.status_code == 503
    assert word in answer.json["detail"]
    assert word in caplog.text


def test_a_disk_that_had_room_is_not_written_to_at_each_poll(health, statements):
    application().extensions[EXTENSION] = DiskProbe()
    for _ in range(3):
        assert health().status_code == 200
    assert sum("generate_series" in text for text in statements) == 1


def test_a_schema_that_is_newer_does_not_stop_a_process_that_runs(health):
    chain.ask("UPDATE alembic_version SET version_num = '9999'")
    assert health().status_code == 200

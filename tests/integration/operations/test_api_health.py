"""Health tells whether requests can be accepted, and why not."""

import pytest

from api.operations.health import EXTENSION, DiskProbe
from db.engine import engine
from tests import chain
from tests.caller import Caller, application
from tests.integration.jobs.test_presence import beat

HEALTH = "/api/v1/health"


@pytest.fixture
def health(organization):
    return lambda: Caller(organization.key).get(HEALTH)


def test_a_usable_database_is_healthy(health):
    answer = health()
    assert (answer.status_code, answer.json["status"]) == (200, "ok")


def test_health_says_how_the_parts_are_that_go_on_with_what_is_accepted(health):
    assert health().json["parts"] == {
        "relay": "missing",
        "worker": "missing",
        "io": "missing",
        "ocr": "missing",
        "beat": "missing",
    }
    for name, part in (("one", "worker"), ("two", "worker"), ("relay", "relay")):
        beat(name, part)
    chain.ask("UPDATE processes SET started_at = started_at - interval '1 hour'")
    chain.ask("UPDATE relay_state SET reported_at = clock_timestamp() - interval '1 hour'")
    assert health().json["parts"] == {
        "relay": "idle",
        "worker": "alive",
        "io": "missing",
        "ocr": "missing",
        "beat": "missing",
    }
    chain.ask("UPDATE relay_state SET reported_at = clock_timestamp()")
    chain.ask("UPDATE processes SET seen_at = seen_at - interval '10 seconds' WHERE name = 'two'")
    assert health().json["parts"] == {
        "relay": "alive",
        "worker": "alive",
        "io": "missing",
        "ocr": "missing",
        "beat": "missing",
    }
    chain.ask("UPDATE processes SET seen_at = seen_at - interval '10 seconds'")
    assert health().json["parts"] == {
        "relay": "silent",
        "worker": "silent",
        "io": "missing",
        "ocr": "missing",
        "beat": "missing",
    }


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

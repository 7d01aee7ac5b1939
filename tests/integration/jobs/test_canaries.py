"""Each lane gets a canary every minute; a worker or relay that lives and does nothing shows by it."""

import pytest

from db.transaction import statement
from domain.jobs import canaries
from domain.jobs.lanes import LANES
from tests import chain
from tests.integration.jobs.test_presence import beat

LATE = "UPDATE canaries SET unanswered_since = clock_timestamp() - interval '151 seconds' WHERE lane = 'default'"


@pytest.fixture
def served(database: str) -> None:
    """Somebody takes what comes by each lane, and is no worker."""
    beat("all", "api")
    chain.ask("UPDATE processes SET lanes = %s", list(LANES))


@pytest.fixture
def worker(served: None) -> None:
    """A worker of the lane `default` that lives for long, beside a relay that reports."""
    beat("one")
    chain.ask("UPDATE processes SET started_at = started_at - interval '1 hour'")
    chain.ask("UPDATE relay_state SET reported_at = clock_timestamp()")
    assert sent() == sorted(LANES)


def sent() -> list[str]:
    with statement() as session:
        return sorted(canaries.due(session, LANES))


def idle(operator) -> list[str]:
    return [one["part"] for one in operator.get("/api/v1/admin/processes").json if one["idle"]]


def test_a_lane_that_nobody_serves_gets_none(database):
    assert sent() == []
    beat("one")
    assert sent() == ["default"]
    chain.ask("UPDATE canaries SET sent_at = clock_timestamp() - interval '61 seconds'")
    chain.ask("UPDATE processes SET silent_at = clock_timestamp()")
    assert sent() == []


def test_a_lane_gets_one_canary_a_minute_however_many_relays_there_are(served):
    assert sent() == sorted(LANES)
    assert sent() == []
    chain.ask("UPDATE canaries SET sent_at = clock_timestamp() - interval '61 seconds' WHERE lane = 'io'")
    assert sent() == ["io"]
    chain.ask("UPDATE canaries SET sent_at = clock_timestamp() + interval '1 hour' WHERE lane = 'io'")
    assert sent() == ["io"], "a clock that was put back silences the canaries"


def test_a_worker_is_idle_while_the_canary_of_a_lane_of_its_own_is_late(worker, operator):
    assert idle(operator) == []
    chain.ask(LATE)
    assert idle(operator) == ["worker"]
    assert 'counterfoil_processes{part="worker",state="idle",version="1.0"} 1.0' in operator.get("/metrics").text
    shown = {one["lane"]: one["late"] for one in operator.get("/api/v1/admin/queues").json["canaries"]}
    assert shown == {"urgent": False, "default": True, "io": False, "ocr": False}
    with statement() as session:
        canaries.answer(session, "default")
    assert idle(operator) == []


@pytest.mark.parametrize(
    "excused",
    [
        "UPDATE canaries SET sent_at = clock_timestamp() - interval '3 minutes'",
        "UPDATE canaries SET lane = 'elsewhere' WHERE lane = 'default'",
        "UPDATE processes SET started_at = clock_timestamp()",
        "UPDATE processes SET seen_at = clock_timestamp() - interval '10 seconds'",
    ],
    ids=["no relay sends any", "it does not serve the lane", "it has just begun", "it is silent"],
)
def test_a_worker_is_not_idle(worker, operator, excused):
    chain.ask(LATE)
    chain.ask(excused)
    assert idle(operator) == []


def test_a_relay_is_idle_while_no_relay_reports(worker, operator):
    chain.ask("UPDATE processes SET part = 'relay' WHERE name = 'one'")
    chain.ask(LATE)
    assert idle(operator) == []
    chain.ask("UPDATE relay_state SET reported_at = clock_timestamp() - interval '1 minute'")
    assert idle(operator) == ["relay"]


def test_an_answer_is_of_the_lane_and_names_its_worker(worker):
    with statement() as session:
        canaries.answer(session, "io")
    assert chain.rows("SELECT lane FROM canaries WHERE unanswered_since IS NULL AND worker IS NOT NULL") == [("io",)]

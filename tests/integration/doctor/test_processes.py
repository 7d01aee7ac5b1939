"""The doctor sees which part is missing, and whose clock is off."""

import re
import time

import pytest

from db import presence as rows
from db.transaction import statement, transaction
from domain.invoices.intake import KIND
from domain.jobs import canaries
from domain.jobs.lanes import LANES
from domain.jobs.submission import enqueue
from tests import chain
from tests.conftest import configure
from tests.integration.doctor.found import found, verdict

PARTS = ("api", "relay", "worker", "io", "ocr", "beat")


def beat(*parts: str, ahead: float = 0.0) -> None:
    """Have a process of each part say that it lives, by a clock that is ahead of this machine's; send canaries."""
    for part in parts:
        process = rows.Process(f"{part}:1-0", part, "host", 1, "1.0", list(LANES), [])
        with statement() as session:
            rows.heartbeat(session, process, 6.0, 15.0, time.time() + ahead)
            canaries.due(session, LANES)


@pytest.mark.parametrize(
    ("missing", "judged"),
    [("relay", "wrong"), ("worker", "wrong"), ("io", "wrong"), ("ocr", "wrong"), ("beat", "warning")],
)
def test_a_part_that_does_not_live(database, missing, judged):
    beat(*PARTS)
    assert verdict("parts") == "ok"
    chain.ask("UPDATE processes SET seen_at = seen_at - interval '7 seconds' WHERE part = %s", missing)
    line = found("parts")
    assert (line.verdict, line.remedy) == (judged, f"Start {missing}.")
    assert f"0 {missing}" in line.measured


def test_who_has_a_scheduler_call_needs_no_workers(database):
    configure(cron_secret="a secret of the scheduler")
    beat("api")
    line = found("parts")
    assert (line.verdict, "/api/v1/cron/process-jobs" in line.remedy) == ("warning", True)


def test_a_lane_whose_canary_nobody_answers(database):
    assert verdict("canaries") == "unknown", "none was sent"
    beat("worker")
    assert verdict("canaries") == "ok"
    chain.ask("UPDATE canaries SET unanswered_since = clock_timestamp() - interval '151 seconds' WHERE lane = 'io'")
    line = found("canaries")
    assert (line.verdict, line.measured) == ("wrong", "io has not answered for 151 s")


def test_a_kind_or_a_payload_that_no_worker_knows(organization):
    assert verdict("kinds") == "unknown", "no worker lives"
    beat("worker")
    assert verdict("kinds") == "ok", "nothing waits"
    with transaction() as session:
        enqueue(session, organization.id, KIND, [("", {})])
    line = found("kinds")
    assert (line.verdict, line.measured) == ("wrong", f"jobs wait of kinds that no worker knows: {KIND}")
    chain.ask("UPDATE processes SET kinds = ARRAY[%s]", KIND)
    assert verdict("kinds") == "ok"
    chain.ask("UPDATE jobs SET payload_version = 99")
    line = found("kinds")
    assert line.verdict == "wrong"
    assert line.measured == f"jobs wait whose payload only a newer version understands: {KIND}"


@pytest.mark.parametrize(
    ("ahead", "judged", "direction"),
    [(-5.0, "warning", "behind"), (7.0, "warning", "ahead"), (-7200.0, "wrong", "behind")],
)
def test_a_clock_that_is_off(database, ahead, judged, direction):
    assert verdict("clocks") == "unknown", "nobody has told one"
    beat(*PARTS)
    assert verdict("clocks") == "ok"
    beat("relay", ahead=ahead)
    line = found("clocks")
    assert line.verdict == judged
    assert re.fullmatch(rf"relay host:1 is \d+\.\d s {direction}", line.measured)

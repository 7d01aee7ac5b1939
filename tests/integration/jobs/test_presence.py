"""Processes say that they live; whoever was there all the time judges those that no longer do."""

import time
import uuid

import psycopg
import pytest

from db import jobs as job_rows
from db import presence as rows
from db.jobs import NewJob
from db.presence import Process
from db.transaction import statement, transaction
from domain.jobs import presence
from tests import chain
from tests.clock import Clock
from tests.waiting import wait_until

SILENCE, AGAIN, LEASE = 6.0, 15.0, 3600.0
AGE = "UPDATE processes SET seen_at = clock_timestamp() - %s * interval '1 second' WHERE name = ANY(%s)"


def process(name: str, part: str = "worker") -> Process:
    return Process(name, part, "host", 1, "1.0", ["default"], ["probe"])


def beat(name: str, part: str = "worker") -> list[str]:
    with statement() as session:
        return rows.heartbeat(session, process(name, part), SILENCE, AGAIN, time.time())


def held(organization, worker: str) -> int:
    """Return a job that `worker` holds for an hour."""
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, "probe", "default", 1, 3, [NewJob(organization.id, {})])
    with statement() as session:
        job_rows.claim(session, "probe", [job_id], uuid.uuid4(), LEASE, worker)
    return job_id


@pytest.fixture
def two(database):
    assert beat("one") == beat("two") == []
    chain.ask("UPDATE processes SET steady_since = steady_since - interval '1 minute'")


def test_a_process_that_missed_three_heartbeats_is_told_to_the_others_until_its_jobs_were_taken_back(two, organization):
    held(organization, "two/17")
    chain.ask(AGE, 5.5, ["two"])
    assert beat("one") == []
    chain.ask(AGE, 6.5, ["two"])
    assert beat("one") == ["two"]
    with transaction() as session:
        rows.take_back(session, ["two"], SILENCE, LEASE)
    assert chain.rows("SELECT status FROM jobs") == [("PENDING",)]
    assert beat("one") == ["two"], "a dying transaction may have locked another"
    chain.ask("UPDATE processes SET silent_at = silent_at - interval '16 seconds'")
    assert beat("one") == []


def test_who_was_silent_as_well_judges_nobody(two):
    chain.ask(AGE, 60, ["one", "two"])
    assert beat("one") == [], "the database was away for all of them"
    assert beat("one") == [], "the other is about to speak"
    assert beat("two") == beat("one") == []
    chain.ask("UPDATE processes SET steady_since = steady_since - interval '7 seconds'")
    chain.ask(AGE, 7, ["two"])
    assert beat("one") == ["two"]


def test_a_process_that_still_claims_after_it_fell_silent_keeps_what_it_claims(two, organization):
    chain.ask(AGE, 7, ["two"])
    for status in ("PENDING", "PROCESSING"):
        job_id = held(organization, "two/17")
        with transaction() as session:
            rows.take_back(session, ["two"], SILENCE, LEASE)
        assert chain.rows("SELECT status FROM jobs WHERE id = %s", job_id) == [(status,)]


def test_who_speaks_again_while_it_is_judged_keeps_its_jobs(two, organization):
    held(organization, "two/17")
    chain.ask(AGE, 7, ["two"])
    assert beat("one") == ["two"]
    beat("two")
    with transaction() as session:
        rows.take_back(session, ["two"], SILENCE, LEASE)
    assert chain.rows("SELECT status FROM jobs") == [("PROCESSING",)]


def test_only_the_jobs_of_the_dead_are_taken_back(two, organization):
    ids = [held(organization, holder) for holder in ("two", "two/17", "two/171", "twofold/17", "one/17")]
    with transaction() as session:
        job_rows.take_back(session, ["two/17"], LEASE)
    pending = "SELECT id FROM jobs WHERE status = 'PENDING' ORDER BY id"
    assert chain.rows(pending) == [(ids[1],)]
    with transaction() as session:
        rows.leave(session, "two", LEASE)
    assert chain.rows(pending) == [(job_id,) for job_id in ids[:3]]
    assert chain.rows("SELECT name FROM processes") == [("one",)]


def test_an_emptied_table_is_filled_by_the_next_heartbeats_and_costs_nobody_a_job(two, organization):
    held(organization, "two/17")
    chain.ask("TRUNCATE processes")
    assert beat("one") == beat("two") == []
    assert chain.rows("SELECT status FROM jobs") == [("PROCESSING",)]


def test_the_cleanup_forgets_a_process_an_hour_after_it_fell_silent(two):
    chain.ask(AGE, presence.KEPT_S + 60, ["two"])
    with statement() as session:
        rows.forget(session, presence.KEPT_S)
    assert chain.rows("SELECT name FROM processes") == [("one",)]


def test_the_operator_sees_who_lives_and_who_is_silent(two, operator):
    chain.ask(AGE, 30, ["two"])
    shown = operator.get("/api/v1/admin/processes").json
    assert [(one["name"], one["part"], one["silent"], one["lanes"]) for one in shown] == [
        ("one", "worker", False, ["default"]),
        ("two", "worker", True, ["default"]),
    ]
    assert shown[1]["silentSeconds"] == pytest.approx(30, abs=5)
    figures = operator.get("/metrics").text
    assert 'counterfoil_processes{part="worker",state="alive",version="1.0"} 1.0' in figures
    assert 'counterfoil_processes{part="worker",state="silent",version="1.0"} 1.0' in figures


def test_each_heartbeat_tells_by_how_much_the_clock_of_its_process_is_off(database):
    clock = Clock(database)
    clock.put("-2 hours")
    own = presence.Presence("relay", (), (), None)
    own.start()
    try:
        [(ahead,)] = wait_until(lambda: chain.rows("SELECT ahead_seconds FROM processes"), 10, "it said nothing")
        assert ahead == pytest.approx(7200, abs=5)
    finally:
        own.stop()


def test_what_is_taken_back_wakes_the_relay_at_once(database, organization):
    """Or a job of a killed child would wait for the next poll, which alone may take two seconds."""
    held(organization, "gone")
    chain.ask("UPDATE relay_state SET listening = true")
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("LISTEN outbox")
        with transaction() as session:
            job_rows.take_back(session, ["gone"], LEASE)
        wait_until(lambda: [*listener.notifies(timeout=0)], message="the relay was not woken")

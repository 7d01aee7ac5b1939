"""The clock of the database is put back: what was accepted goes on at once, what was delayed waits as was meant."""

import uuid

import pytest

from db import jobs as job_rows
from db import presence
from db.jobs import Failure, NewJob
from db.transaction import transaction
from domain.jobs.upkeep.clock import follow_clock
from tests import chain
from tests.checker import check
from tests.clock import Clock

NOW = "shifted.clock_timestamp()"
DUE_IN = f"SELECT extract(epoch FROM due_at - {NOW})::float FROM outbox WHERE job_id = %s"
AVAILABLE_IN = f"SELECT extract(epoch FROM available_at - {NOW})::float FROM jobs WHERE id = %s"
LEASE_ENDS_IN = f"SELECT extract(epoch FROM lease_expires_at - {NOW})::float FROM jobs WHERE id = %s"
LEASE_S = 60
# The step is known only as well as the clock was looked at before it.
SLACK_S = 10


@pytest.fixture
def clock(database, organization) -> Clock:
    return Clock(database)


def owe(organization_id: int, held: float = 0.0) -> int:
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, "probe", "default", 1, 3, [NewJob(organization_id, {})], held=held)
    return job_id


def claim(job_id: int) -> uuid.UUID:
    token = uuid.uuid4()
    with transaction() as session:
        assert job_rows.claim(session, "probe", [job_id], token, LEASE_S)
    return token


def owe_retried(organization_id: int, delay: float) -> int:
    job_id = owe(organization_id)
    with transaction() as session:
        job_rows.set_aside(session, claim(job_id), [Failure(job_id, "broken", delay)])
    return job_id


def swept() -> None:
    with transaction() as session:
        job_rows.sweep(session)


def test_what_was_accepted_before_a_step_back_is_due_at_once(clock, database, organization):
    ids = [owe(organization.id) for _ in range(3)]
    follow_clock()
    clock.put("-2 hours")
    assert chain.value(DUE_IN, ids[0]) > 7000
    follow_clock()
    assert [chain.value(DUE_IN, job_id) <= SLACK_S for job_id in ids] == [True] * 3
    clock.put(f"{SLACK_S} seconds")
    for job_id in ids:
        claim(job_id)
    check(database, drained=False)


def test_what_was_delayed_waits_for_as_long_as_was_meant(clock, organization):
    job_id = owe_retried(organization.id, delay=600)
    follow_clock()
    clock.put("-2 hours")
    follow_clock()
    assert 600 - SLACK_S < chain.value(DUE_IN, job_id) <= 600 + SLACK_S
    assert 600 - SLACK_S < chain.value(AVAILABLE_IN, job_id) <= 600 + SLACK_S


def test_a_lease_ends_after_as_long_as_was_meant_and_is_swept_then(clock, organization):
    old = owe(organization.id)
    claim(old)
    follow_clock()
    swept()
    clock.put("-2 hours")
    new = owe(organization.id)
    claim(new)
    follow_clock()
    assert LEASE_S - SLACK_S < chain.value(LEASE_ENDS_IN, old) <= LEASE_S + SLACK_S
    assert LEASE_S - SLACK_S < chain.value(LEASE_ENDS_IN, new) <= LEASE_S, "a lease given since the step was cut"
    clock.put(f"{LEASE_S + SLACK_S + 1} seconds")
    swept()
    assert chain.rows("SELECT DISTINCT status FROM jobs") == [("PENDING",)]


def test_what_was_in_flight_is_sent_again_after_the_redelivery_interval(clock, organization, lanes):
    job_id = owe(organization.id)
    assert chain.relay() == 1
    follow_clock()
    clock.put("-2 hours")
    follow_clock()
    assert chain.value(DUE_IN, job_id) <= 8 + SLACK_S


def test_a_process_that_dies_at_the_step_is_found_silent_all_the_same(clock, organization):
    for name in ("dead", "alive"):
        with transaction() as session:
            presence.heartbeat(session, process(name), silence=6, again=15, clock=0.0)
    follow_clock()
    clock.put("-2 hours")
    follow_clock()
    for seconds in ("5 seconds", "5 seconds"):
        clock.put(seconds)
        with transaction() as session:
            silent = presence.heartbeat(session, process("alive"), silence=6, again=15, clock=0.0)
    assert silent == ["dead"]


def process(name: str) -> presence.Process:
    return presence.Process(name, "worker", "host", 1, "0", [], [])


def test_a_step_is_followed_once_and_a_clock_that_goes_right_changes_nothing(clock, organization, caplog):
    job_id = owe_retried(organization.id, delay=600)
    for step in ("0 seconds", "2 hours", "-2 hours", "0 seconds", "-0.5 seconds"):
        clock.put(step)
        follow_clock()
    [said] = [record.getMessage() for record in caplog.records]
    assert said.startswith("the database's clock was put back by 7")
    assert chain.value(DUE_IN, job_id) <= SLACK_S, "it was due while the clock was ahead"


def test_a_clock_at_rest_is_noted_every_two_seconds_at_the_most(clock):
    versions = set()
    for _ in range(5):
        follow_clock()
        versions.add(chain.value("SELECT xmin FROM relay_state"))
    assert len(versions) == 1


def test_two_who_see_a_step_follow_it_once(clock, organization, caplog):
    owe(organization.id)
    follow_clock()
    clock.put("-2 hours")
    with transaction() as session:
        session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(4270333)")
        follow_clock()
    assert caplog.records == []

"""One job a slot: however many wakers there are, however long they were away, wherever the clock is put."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import text

from domain.identity.quotas import OverQuota
from domain.jobs import registry
from domain.jobs.registry import Kind, find
from domain.jobs.upkeep.clock import follow_clock
from domain.schedules import waking
from tasks.app import cleanup
from tests import chain
from tests.integration.schedules.conftest import ANYTHING, NOTE, PICKY, SCHEDULES, refuse

WAKERS, ROUNDS = 6, 5
LOCK = "SELECT FROM schedules FOR UPDATE"


def test_a_slot_that_has_come_makes_its_job(schedules):
    made = schedules.create(payload={"n": 1})
    waking.wake()
    assert schedules.jobs() == 0, "its slot has not come"
    schedules.fall_due()
    waking.wake()
    shown = schedules.show(made)
    [(_, slot, job_id)] = schedules.slots()
    assert chain.rows("SELECT id, payload FROM jobs WHERE kind = %s", NOTE) == [(job_id, {"n": 1})]
    assert (shown["lastJobId"], shown["lastJobStatus"], shown["lastError"]) == (job_id, "pending", None)
    assert chain.value("SELECT next_at - %s = interval '1 hour' FROM schedules", slot)
    chain.run_waiting(NOTE)
    assert schedules.show(made)["lastJobStatus"] == "completed"


def test_wakers_that_come_at_once_make_one_job_a_slot(schedules):
    ids = [schedules.create() for _ in range(8)]
    barrier = Barrier(WAKERS)

    def wake() -> None:
        barrier.wait()
        waking.wake()

    with ThreadPoolExecutor(WAKERS) as pool:
        for _ in range(ROUNDS):
            schedules.fall_due()
            for done in [pool.submit(wake) for _ in range(WAKERS)]:
                done.result()
            waking.wake()
    assert schedules.jobs() == ROUNDS * len(ids)
    assert chain.value("SELECT count(DISTINCT job_id) FROM schedule_slots") == ROUNDS * len(ids)


def test_a_schedule_that_another_waker_holds_is_left_to_it(schedules, database):
    schedules.create()
    schedules.fall_due()
    with psycopg.connect(database) as other:
        other.execute(LOCK)
        waking.wake()
        assert schedules.jobs() == 0
    waking.wake()
    assert schedules.jobs() == 1


@pytest.mark.parametrize(("catch_up", "jobs"), [("skip", 0), ("once", 1), ("all", 25)])
def test_after_a_day_away_it_is_as_the_schedule_says(schedules, clock, catch_up, jobs):
    made = schedules.create(everySeconds=3600, catchUp=catch_up)
    clock.put("25 hours 30 minutes")
    waking.wake()
    waking.wake()
    assert schedules.jobs() == jobs
    hours = [hour for (hour,) in chain.rows("SELECT (slot - anchor) / 3600 FROM schedule_slots, schedules ORDER BY 1")]
    assert [hour.total_seconds() for hour in hours] == list(range(26 - jobs, 26))
    assert chain.value("SELECT next_at - anchor = interval '26 hours' FROM schedules WHERE id = %s", made)


def test_a_clock_that_is_put_back_makes_no_job_twice_and_leaves_none_out(schedules, clock):
    schedules.create(everySeconds=3600)
    follow_clock()
    for step in ("70 minutes", "60 minutes"):
        clock.put(step)
        waking.wake()
    assert schedules.jobs() == 2
    follow_clock()
    clock.put("-60 minutes")
    follow_clock()
    assert chain.value("SELECT next_at - anchor = interval '2 hours' FROM schedules")
    clock.put("60 minutes")
    waking.wake()
    assert schedules.jobs() == 2, "the slot was run before the clock was put back"
    clock.put("60 minutes")
    waking.wake()
    assert schedules.jobs() == 3


def test_a_clock_that_was_a_year_ahead_stops_no_schedule_for_a_year(schedules, clock):
    schedules.create(everySeconds=3600)
    follow_clock()
    clock.put("365 days")
    waking.wake()
    follow_clock()
    clock.put("-365 days")
    follow_clock()
    clock.put("61 minutes")
    waking.wake()
    assert schedules.jobs() == 2


def test_a_slot_that_is_due_stays_so_when_the_clock_is_put_back(schedules, clock):
    schedules.create(everySeconds=3600)
    clock.put("90 minutes")
    follow_clock()
    clock.put("-20 minutes")
    follow_clock()
    waking.wake()
    assert schedules.jobs() == 1


def exhausted(*_, **__):
    raise OverQuota("cupboards", "the cupboard is bare")


@pytest.mark.parametrize("submit", [refuse, exhausted], ids=["refused", "over its quota"])
def test_a_refused_slot_says_why_and_its_neighbours_have_their_jobs(schedules, monkeypatch, submit):
    monkeypatch.setitem(registry._kinds, PICKY, Kind(PICKY, lambda *_: [{}], schema=ANYTHING, submit=submit))
    refused, made = schedules.create(type=PICKY), schedules.create()
    schedules.fall_due()
    waking.wake()
    assert schedules.show(refused)["lastError"] == "the cupboard is bare"
    assert schedules.show(refused)["lastJobId"] is None
    assert schedules.show(made)["lastJobStatus"] == "pending"
    waking.wake()
    assert len(schedules.slots()) == 2, "a slot is refused once"


def fail(*_):
    raise ValueError("a bug")


def spoil(session, *_):
    """Leave the transaction such that no statement is taken any more."""
    session.execute(text("SELECT 1 / 0"))


@pytest.mark.parametrize(("broken", "told"), [(fail, "ValueError: a bug"), (spoil, "SQLSTATE 22012")])
def test_a_submission_that_breaks_stops_no_neighbour(schedules, monkeypatch, broken, told):
    lame, made = schedules.create(type=PICKY), schedules.create()
    monkeypatch.setitem(registry._kinds, PICKY, Kind(PICKY, lambda *_: [{}], schema=ANYTHING, submit=broken))
    schedules.fall_due()
    waking.wake()
    assert told in schedules.show(lame)["lastError"]
    assert schedules.show(made)["lastJobStatus"] == "pending"


def test_a_schedule_of_a_kind_that_is_unknown_here_waits_for_a_part_that_knows_it(schedules, monkeypatch):
    schedules.create()
    schedules.fall_due()
    known = find(NOTE)
    with monkeypatch.context() as without:
        without.delitem(registry._kinds, NOTE)
        waking.wake()
        assert schedules.slots() == []
    monkeypatch.setitem(registry._kinds, NOTE, replace(known, version=3, upgrades={1: one_more, 2: one_more}))
    waking.wake()
    assert chain.rows("SELECT payload, payload_version FROM jobs WHERE kind = %s", NOTE) == [({"n": 2}, 3)]


def one_more(payload):
    return {"n": payload.get("n", 0) + 1}


def test_a_payload_from_a_newer_part_is_left_to_that(schedules, monkeypatch):
    schedules.create()
    chain.ask("UPDATE schedules SET payload_version = 2")
    schedules.fall_due()
    waking.wake()
    assert schedules.slots() == []
    monkeypatch.setitem(registry._kinds, NOTE, replace(find(NOTE), version=2))
    waking.wake()
    assert schedules.jobs() == 1


def test_a_paused_schedule_makes_no_job_and_does_not_make_up_for_the_pause(schedules, clock):
    made = schedules.create(catchUp="all")
    schedules.client.post(f"{SCHEDULES}/{made}/pause")
    clock.put("5 hours")
    waking.wake()
    schedules.client.post(f"{SCHEDULES}/{made}/resume")
    waking.wake()
    assert schedules.jobs() == 0
    clock.put("61 minutes")
    waking.wake()
    assert schedules.jobs() == 1


def test_more_than_one_transaction_takes_have_their_jobs_in_one_wake(schedules, monkeypatch):
    monkeypatch.setattr(waking, "AT_ONCE", 3)
    for _ in range(8):
        schedules.create()
    schedules.fall_due()
    waking.wake()
    assert schedules.jobs() == 8


def test_to_wake_while_nothing_is_due_costs_one_statement(schedules, statements):
    schedules.create()
    waking.wake()
    statements.clear()
    waking.wake()
    assert len(statements) == 1


def test_beats_sweep_and_the_relay_wake_schedules(schedules, lanes):
    schedules.create()
    schedules.fall_due()
    chain.sweeper()
    assert schedules.jobs() == 1


def test_slots_go_when_they_are_past_their_retention(schedules):
    made = schedules.create()
    schedules.fall_due()
    waking.wake()
    chain.ask("UPDATE schedule_slots SET created_at = created_at - interval '31 days'")
    cleanup()
    assert schedules.slots() == []
    assert schedules.show(made)["lastSlot"] is not None

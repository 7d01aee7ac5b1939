"""The jobs of a process that has died or fallen silent run elsewhere in seconds; here their leases last for hours."""

from db.jobs import DIED
from local.process import free_port
from tests.faults.load import PROCESSING, drain, fetch, owe, statuses, value, verify
from tests.waiting import wait_until

PARTS = ("api", "beat", "io", "ocr", "relay", "worker")
HOURS = {"lease": 7200, "task_timeout": 60}
HOLDERS = "SELECT DISTINCT split_part(worker, '/', 1) FROM jobs WHERE status = 'PROCESSING'"
NAMES = "SELECT name FROM processes WHERE part = %s AND silent_at IS NULL ORDER BY started_at"


def test_what_a_killed_child_held_runs_again_at_once(chain, organization):
    _, worker = chain.start("relay", "worker", **HOURS)
    accepted = owe(organization, "fault.group", [{"seconds": 0.6}] * 5)
    wait_until(lambda: value(PROCESSING) == 5)
    worker.kill_children()
    drain(30)
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT DISTINCT outcome, error FROM job_attempts") == [("swept", DIED)]


def test_what_a_killed_worker_held_runs_elsewhere_after_three_missed_heartbeats(chain, organization):
    _, killed = chain.start("relay", "worker", **HOURS)
    accepted = owe(organization, "fault.group", [{"seconds": 0.6}] * 5)
    wait_until(lambda: value(PROCESSING) == 5)
    assert fetch(HOLDERS) == fetch(NAMES, "worker"), "a job names the process that holds it"
    killed.die()
    killed.kill_children()
    chain.start("worker", **HOURS)
    drain(40)
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(2,)]


def test_what_a_frozen_worker_held_runs_elsewhere_and_the_worker_is_heard_again(chain, organization):
    _, frozen = chain.start("relay", "worker", **HOURS)
    accepted = owe(organization, "fault.single", [{"seconds": 1}] * 2)
    wait_until(lambda: value(PROCESSING) == 2)
    frozen.freeze()
    [[name]] = fetch(NAMES, "worker")
    chain.start("worker", **HOURS)
    drain(40)
    assert fetch("SELECT part FROM processes WHERE silent_at IS NOT NULL") == [("worker",)]
    frozen.thaw()
    wait_until(lambda: (name,) in fetch(NAMES, "worker"), 10, "it is not taken for alive again")
    verify(accepted)
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(2, 2)]


def test_a_part_that_ends_as_it_should_is_forgotten_and_hands_back_what_it_held(chain, organization):
    parts = chain.start("relay", "worker", "io", "ocr", "beat", lease=7200)
    parts.append(chain.spawn("api", api_port=free_port(), lease=7200))
    wait_until(lambda: fetch("SELECT part FROM processes ORDER BY part") == [(part,) for part in PARTS], 20)
    owe(organization, "fault.single", [{"seconds": 60}])
    wait_until(lambda: value(PROCESSING) == 1)
    for part in parts:
        part.stop()
    for part in parts:
        part.await_end()
    assert fetch("SELECT part FROM processes") == []
    assert statuses() == {"PENDING": 1}


def test_what_the_lane_ocr_holds_is_run_by_that_part_one_at_a_time(chain, organization):
    chain.start("relay", "worker")
    accepted = owe(organization, "fault.scan", [{"seconds": 0.3}] * 3, lane="ocr")
    chain.start("ocr")
    drain(30)
    verify(accepted)
    assert fetch("SELECT DISTINCT split_part(worker, '/', 1) FROM jobs") == fetch(NAMES, "ocr")
    overlapping = (
        "SELECT count(*) FROM jobs a JOIN jobs b ON b.started_at > a.started_at AND b.started_at < a.completed_at"
    )
    assert value(overlapping) == 0


def test_a_worker_answers_the_canary_of_each_lane_that_the_relay_sends(chain):
    chain.start("relay", "worker", "io", "ocr")
    answered = "SELECT count(*) FROM canaries WHERE answered_at IS NOT NULL AND unanswered_since IS NULL"
    wait_until(lambda: value(answered) == 4, 30, "a canary stays unanswered")
    [[worker]], [[io]], [[ocr]] = (fetch(NAMES, part) for part in ("worker", "io", "ocr"))
    by_lane = dict(fetch("SELECT lane, split_part(worker, '/', 1) FROM canaries"))
    assert by_lane == {"urgent": worker, "default": worker, "io": io, "ocr": ocr}

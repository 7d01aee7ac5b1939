"""Only the database's clock decides, and whoever runs twice or not at all changes nothing."""

import pytest

from db.engine import owner_url
from tests.clock import Clock
from tests.faults.load import (
    PROCESSING,
    Intake,
    drain,
    fetch,
    late_invoice,
    owe,
    owe_invoices,
    slow_commits,
    value,
    verify,
)
from tests.faults.processes import PROGRAM
from tests.waiting import wait_until

# The clock of a machine that is wrong, as every Python module of the process sees it.
SHIFTED = """
import datetime, time
real_time, real_datetime = time.time, datetime.datetime
class Shifted(real_datetime):
    @classmethod
    def now(cls, tz=None): return real_datetime.now(tz) + datetime.timedelta(hours={hours})
    @classmethod
    def utcnow(cls): return real_datetime.utcnow() + datetime.timedelta(hours={hours})
    @classmethod
    def today(cls): return cls.now()
time.time = lambda: real_time() + {hours} * 3600
datetime.datetime = Shifted
"""
NOTED = "SELECT clock_seen >= (SELECT max(created_at) FROM jobs) FROM relay_state"
OFF = "SELECT count(*) FROM invoices WHERE abs(extract(epoch FROM created_at - clock_timestamp())) > 60"


@pytest.mark.parametrize("hours", [2, -2])
def test_processes_whose_clock_is_two_hours_off_double_nothing_and_delay_nothing(chain, organization, hours):
    wrong = SHIFTED.format(hours=hours) + PROGRAM
    for name, program in (("relay", wrong), ("worker", wrong), ("worker", PROGRAM), ("beat", wrong)):
        chain.await_ready(chain.spawn(name, program))
    accepted = owe(organization, "fault.single", [{"seconds": 0.2}] * 20)
    accepted += owe_invoices(organization, count=100)
    drain(15)
    verify(accepted)
    assert value(OFF) == 0
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(20, 20)]
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_a_database_whose_clock_is_put_back_under_load_delays_nothing(chain, organization):
    clock = Clock(owner_url())
    relay, worker = chain.start("relay", "worker")
    killed = owe(organization, "fault.single", [{"seconds": 1}])
    wait_until(lambda: value(PROCESSING) == 1)
    worker.die()
    worker.kill_children()
    waiting = owe_invoices(organization, count=50)
    wait_until(lambda: value(NOTED), 15, "no relay looks at the clock")
    clock.put("-2 hours")
    wait_until(lambda: relay.said("clock was put back by 7") == 1, 15, "no relay has noticed")
    chain.start("worker")
    with Intake([organization]) as intake:
        wait_until(lambda: len(intake.accepted) > 100, 20)
    drain(30)
    verify(killed + waiting + intake.accepted)


def test_two_relays_two_beats_and_two_sweepers_share_the_work(chain, organization, other_organization):
    chain.start("relay", "relay", "beat", "beat", "worker", "worker")
    with Intake([organization, other_organization]) as intake:
        wait_until(lambda: len(intake.accepted) > 1000, 20)
        chain.kill_worker_children()
    drain(30)
    verify(intake.accepted)


def test_without_any_beat_the_relay_sweeps_what_a_dead_worker_left(chain, organization):
    _, worker = chain.start("relay", "worker")
    accepted = owe(organization, "fault.late_invoice", [late_invoice(organization, seconds=1)])
    wait_until(lambda: value(PROCESSING) == 1)
    worker.kill_children()
    drain(15)
    verify(accepted)
    assert value("SELECT count(*) FROM invoices") == 1


def test_commits_that_end_in_another_order_than_they_began_hide_no_entry(chain, organization, other_organization):
    slow_commits("jobs", seconds=0.3)
    chain.start("relay", "worker")
    intakes = [Intake([tenant], size=3) for tenant in (organization, other_organization) * 4]
    for intake in intakes:
        intake.__enter__()
    wait_until(lambda: all(len(intake.accepted) > 12 for intake in intakes), 30)
    for intake in intakes:
        intake.__exit__()
    drain(45)  # a worker's commit lingers as well: issued invoices owe jobs to the journal
    verify([accepted for intake in intakes for accepted in intake.accepted], chain.broker_admin_url)


def test_slow_commits_do_not_cut_deliveries_to_single_jobs(chain, organization, other_organization):
    slow_commits("invoices", seconds=0.2)
    chain.start("relay", "worker", "worker")
    accepted = owe_invoices(organization, count=1000) + owe_invoices(other_organization, count=1000)
    drain(60)
    verify(accepted)

"""Whatever is done to a worker, each job ends, its effect happens once and its neighbours go on."""

import random
import signal
import time

from tests.faults.load import (
    PROCESSING,
    Intake,
    drain,
    drain_killed,
    fetch,
    incidents,
    late_invoice,
    owe,
    owe_invoices,
    slow_commits,
    value,
    verify,
)
from tests.faults.processes import storm
from tests.waiting import wait_until

COMMITTING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'
"""
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
HELD = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'
    AND application_name = 'counterfoil' AND query LIKE '%FOR NO KEY UPDATE%'
"""
INTERRUPTED = "SELECT count(*) FROM observed_moves WHERE before = 'PROCESSING' AND after = 'PENDING'"


def test_thirty_kills_of_workers_and_their_children_lose_and_double_nothing(chain, organization, other_organization):
    slow_commits("invoices", seconds=0.02)
    chain.start("relay")
    with Intake([organization, other_organization], size=5, pause=0.1) as intake:
        storm(chain, random.Random(13), kills=30, whole_workers=3)
    drain_killed(40)
    verify(intake.accepted)
    assert value(INTERRUPTED) > 5, "the storm hardly hit anything"


def test_a_killed_child_is_replaced_and_its_group_runs_again(chain, organization):
    _, worker = chain.start("relay", "worker")
    accepted = owe(organization, "fault.group", [{"seconds": 0.3}] * 5)
    wait_until(lambda: value(PROCESSING) == 5)
    worker.kill_children()
    drain(20)
    verify(accepted, chain.broker_admin_url)
    assert worker.poll() is None
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(5, 5)]


def test_a_group_that_takes_longer_than_its_kind_may_is_released_and_no_attempt_is_lost(chain, organization):
    accepted = owe(organization, "fault.slow", [{"seconds": 0.4}] * 5)
    chain.start("relay", "worker")
    drain(20)
    verify(accepted, chain.broker_admin_url)
    assert value(INTERRUPTED) == 5, "the group was in time"
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(5, 5)]
    assert value("SELECT max(attempts) FROM jobs") == 1


def test_a_process_that_was_interrupted_at_its_time_limit_runs_nothing_more(chain, organization):
    chain.start("relay", "worker", worker_concurrency=1)
    accepted = owe(organization, "fault.half_made", [{"seconds": 3}, *[{}] * 4])
    drain(30)
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT attempts FROM jobs ORDER BY id") == [(2,), (1,), (1,), (1,), (1,)]


def test_all_but_postgresql_killed_at_once_costs_time_and_nothing_else(chain, broker_server, organization):
    parts = chain.start("relay", "worker", "beat")
    with Intake([organization]) as intake:
        wait_until(lambda: len(intake.accepted) > 200)
        for part in parts:
            part.die()
        broker_server.kill(signal.SIGKILL)
        before = len(intake.accepted)
        wait_until(lambda: len(intake.accepted) > before + 200, 10, "accepting stopped with the workers")
        broker_server.start()
        chain.start("relay", "worker", "beat")
    drain(30)
    verify(intake.accepted)


def test_sigquit_during_a_commit_leaves_one_invoice(chain, organization):
    slow_commits("invoices", seconds=1)
    _, worker = chain.start("relay", "worker")
    accepted = owe_invoices(organization, count=1)
    wait_until(lambda: value(COMMITTING) == 1)
    worker.kill_children(signal.SIGQUIT)
    worker.die(signal.SIGQUIT)
    wait_until(lambda: worker.poll() is not None, 15, "the worker ignores SIGQUIT")
    accepted += owe_invoices(organization, count=1)
    chain.start("worker")
    drain(20)
    verify(accepted, chain.broker_admin_url)


def test_a_worker_frozen_past_its_lease_is_refused_and_the_refusal_counted(chain, organization):
    _, frozen = chain.start("relay", "worker")
    accepted = owe(organization, "fault.late_invoice", [late_invoice(organization, seconds=1)])
    accepted += owe(organization, "fault.single", [{"seconds": 1}])
    wait_until(lambda: value(PROCESSING) == 2)
    frozen.freeze()
    chain.start("worker")
    drain(20)
    assert incidents("lease_lost") == 0
    frozen.thaw_children()
    wait_until(lambda: incidents("lease_lost") == 2, 10, "the zombies were not refused")
    verify(accepted)
    assert value("SELECT count(*) FROM invoices") == 1
    assert value("SELECT count(*) FROM effects") == 1


def test_a_worker_frozen_with_a_counter_in_its_hand_blocks_nobody_else_and_loses_it_in_time(
    chain, organization, other_organization
):
    _, frozen = chain.start("relay", "worker", idle_in_transaction_timeout=9)
    accepted = owe(organization, "fault.hold_counter", [late_invoice(organization, seconds=1)])
    wait_until(lambda: value(HELD) == 1)
    frozen.freeze()
    started = time.monotonic()
    chain.start("worker", idle_in_transaction_timeout=9)
    accepted += owe_invoices(organization, count=5)
    wait_until(lambda: value(UNPUBLISHED) == 0)
    accepted += owe_invoices(other_organization, count=5)
    other_done = "SELECT count(*) = 5 FROM invoices WHERE organization_id = %s"
    wait_until(lambda: value(other_done, other_organization.id), 8, "another supplier waits for the frozen one")
    drain(25 - (time.monotonic() - started))
    verify(accepted)
    assert fetch("SELECT DISTINCT attempts FROM jobs WHERE kind = 'invoice.generate'") == [(1,)]

"""Connections may break and transactions fail at any moment: they run again, and cost no job an attempt."""

import gc
import os
import random

import psycopg
import pytest
from sqlalchemy import text

from db.transaction import transaction
from tests.faults.load import Intake, drain, fetch, owe_invoices, slow_commits, value, verify, verify_at_least
from tests.tenant import new_supplier
from tests.waiting import wait_until

BACKEND = text("SELECT pg_backend_pid()")
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
DETECT_SOON = """
    DO $do$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''20ms''', current_database());
    END $do$
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
OURS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'counterfoil'"


def test_backends_terminated_at_random_cost_no_attempt(chain, organization, other_organization):
    chain.start("relay", "worker")
    rng = random.Random(38)
    with Intake([organization, other_organization]) as intake:
        for _ in range(60):
            pids = [pid for (pid,) in fetch(f"SELECT pid {OURS}")]
            fetch("SELECT pg_terminate_backend(%s)", rng.choice(pids or [0]))
            before = len(intake.seconds)
            wait_until(lambda: len(intake.seconds) > before, 10)  # noqa: B023
    drain(30)
    verify_at_least(intake.accepted)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_a_child_of_a_fork_has_connections_of_its_own(database):
    with transaction() as session:
        before = session.scalar(BACKEND)
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        with transaction() as session:
            os.write(writer, str(session.scalar(BACKEND)).encode())
        gc.collect()  # what was inherited is dropped here, and must not be closed for its owner
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 20)) != before
    with transaction() as session:
        assert session.scalar(BACKEND) == before


def test_groups_of_many_suppliers_in_opposite_order_never_deadlock(chain, organization):
    slow_commits("invoices", seconds=0.05)  # so that several groups wait for the same counters
    fetch(DETECT_SOON)
    suppliers = [organization, *(new_supplier(organization) for _ in range(3))]
    chain.start("relay", "worker", worker_concurrency=4)
    accepted = []
    for turn in range(60):
        accepted += owe_invoices(*suppliers[:: 1 if turn % 2 else -1], count=8)
        wait_until(lambda: value(UNPUBLISHED) == 0)  # so that each makes a message of its own
    drain(20)
    verify(accepted, chain.broker_admin_url)
    assert value(DEADLOCKS) == 0
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


FAILING = """
    CREATE SEQUENCE turns;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        IF nextval('turns') <= 4 THEN {fault}; END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER fail AFTER INSERT ON invoices EXECUTE FUNCTION fail()
"""


@pytest.mark.parametrize(
    "fault",
    [
        "RAISE EXCEPTION 'injected' USING ERRCODE = 'serialization_failure'",
        "RAISE EXCEPTION 'injected' USING ERRCODE = 'deadlock_detected'",
    ],
    ids=["serialization failures", "deadlocks"],
)
def test_injected_failures_are_retried_and_cost_no_attempt(chain, organization, fault):
    fetch(FAILING.format(fault=fault))
    chain.start("relay", "worker")
    accepted = []
    for _ in range(5):
        accepted += owe_invoices(organization, count=4)
    drain(60)
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]
    assert value("SELECT last_value FROM turns") > 4


def test_a_group_whose_statement_times_out_is_retried_and_no_job_fails(chain, organization):
    fetch(FAILING.format(fault="PERFORM pg_sleep(9)"))
    accepted = owe_invoices(organization, count=20)
    chain.start("relay", "worker")
    drain(60)
    verify(accepted, chain.broker_admin_url)
    assert value("SELECT max(attempts) FROM jobs") <= 2, "a lone job's attempt counts, and only that"
    assert value("SELECT last_value FROM turns") > 4


def test_lock_timeouts_are_retried_and_cost_no_attempt(chain, organization):
    _, worker = chain.start("relay", "worker")
    holder = psycopg.connect(chain.database_url)
    holder.cursor().execute("SELECT FROM number_series FOR UPDATE")
    accepted = owe_invoices(organization, count=10)
    wait_until(lambda: worker.said("handing back") >= 2, 10)
    holder.close()
    drain(10)
    verify(accepted, chain.broker_admin_url)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]

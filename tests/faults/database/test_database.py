"""PostgreSQL may restart, refuse, cut, time out: what is committed stands, the rest runs again, at no attempt's cost."""

import gc
import os
import random
import signal
from contextlib import ExitStack

import psycopg2
import pytest
from sqlalchemy import text

from db import engine as db_engine
from db.transaction import transaction
from settings import settings
from tests import checker
from tests.caller import Caller
from tests.faults.load import Intake, drain, fetch, owe_invoices, statuses, value, verify
from tests.tenant import new_supplier
from tests.waiting import wait_until

BACKEND = text("SELECT pg_backend_pid()")
AWAY, BACK = "database away", "database back"
OURS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'counterfoil'"


def verify_some(accepted) -> None:
    """Fail unless all invariants hold; a request whose answer was cut may have been accepted besides."""
    checker.check(settings.database_url, accepted)
    assert statuses().keys() == {"COMPLETED"}
    assert statuses()["COMPLETED"] >= len(accepted)


def test_two_immediate_restarts_under_load_need_nobodys_hand(chain, postgres, organization):
    relay, worker, beat = chain.start("relay", "worker", "beat")
    with Intake([organization]) as intake:
        for round_ in (1, 2):
            before = len(intake.accepted)
            wait_until(lambda: len(intake.accepted) > before + 300, 20)  # noqa: B023
            postgres.kill(signal.SIGQUIT)
            wait_until(lambda: postgres.poll() is not None)
            wait_until(lambda: relay.said(AWAY) == round_, 10)  # noqa: B023
            postgres.start()
    drain(30)
    verify_some(intake.accepted)
    assert relay.said(AWAY) == relay.said(BACK) == 2
    assert [part.poll() for part in (relay, worker, beat)] == [None] * 3


def test_a_relay_leaves_within_seconds_while_the_database_is_away(chain, postgres, organization):
    (relay,) = chain.start("relay")
    postgres.kill(signal.SIGQUIT)
    wait_until(lambda: relay.said(AWAY) == 1, 10)
    relay.die(signal.SIGTERM)
    wait_until(lambda: relay.poll() is not None, 3, "the relay waits for the database")
    postgres.start()


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
    verify_some(intake.accepted)


def test_exhausted_connections_are_waited_for_and_the_caller_is_told_to_come_again(chain, organization):
    _, worker = chain.start("relay", "worker")
    worker.freeze()
    accepted = owe_invoices(organization, 5)
    db_engine.engine().dispose()
    with ExitStack() as held:
        hold_all(chain.database_url, held)
        worker.thaw()
        answer = Caller(organization.key).get("/api/v1/invoices")
        assert (answer.status_code, answer.headers["Retry-After"] > "0") == (503, True)
        wait_until(lambda: worker.said("handing back"), 15, "the worker found a connection")
    assert Caller(organization.key).get("/api/v1/invoices").status_code == 200
    drain(20)
    verify(accepted)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def hold_all(url: str, held: ExitStack) -> None:
    try:
        while True:
            held.callback(psycopg2.connect(url).close)
    except psycopg2.OperationalError as refused:
        assert "too many clients" in str(refused)  # noqa: PT017


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


def test_suppliers_asked_for_in_opposite_order_never_deadlock(chain, organization):
    suppliers = [organization, *(new_supplier(organization) for _ in range(3))]
    chain.start("relay", "worker", worker_concurrency=4)
    accepted = []
    for turn in range(60):
        for supplier in suppliers if turn % 2 else reversed(suppliers):
            accepted += owe_invoices(supplier, 2)
    drain(20)
    verify(accepted, chain.broker_url)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


FAILING = """
    CREATE SEQUENCE turns;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('turns') % 2 = 1 THEN {fault}; END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER fail AFTER INSERT ON invoices EXECUTE FUNCTION fail()
"""


@pytest.mark.parametrize(
    "fault",
    [
        "RAISE EXCEPTION 'injected' USING ERRCODE = 'serialization_failure'",
        "RAISE EXCEPTION 'injected' USING ERRCODE = 'deadlock_detected'",
        "PERFORM pg_sleep(9)",
    ],
    ids=["serialization failures", "deadlocks", "statement timeouts"],
)
def test_injected_failures_are_retried_and_cost_no_attempt(chain, organization, fault):
    fetch(FAILING.format(fault=fault))
    chain.start("relay", "worker")
    accepted = []
    for _ in range(5):
        accepted += owe_invoices(organization, 4)
    drain(30)
    verify(accepted, chain.broker_url)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]
    assert value("SELECT last_value FROM turns") > 1


def test_lock_timeouts_are_retried_and_cost_no_attempt(chain, organization):
    _, worker = chain.start("relay", "worker")
    holder = psycopg2.connect(chain.database_url)
    holder.cursor().execute("SELECT FROM number_series FOR UPDATE")
    accepted = owe_invoices(organization, 10)
    wait_until(lambda: worker.said("handing back") >= 2, 10)
    holder.close()
    drain(10)
    verify(accepted, chain.broker_url)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]

"""PostgreSQL may restart, refuse, cut or time out: what was committed stands, the rest runs again, no attempt is used up."""

import random
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from db import engine as db_engine
from db import migrations
from local.postgres import EmbeddedPostgres
from settings import database_url
from tests import checker
from tests.conftest import configure
from tests.faults.load import Intake, drain, fetch, owe_invoices, statuses, value, verify
from tests.tenant import new_supplier
from tests.waiting import wait_until

AWAY, BACK = "database away", "database back"
OURS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'counterfoil'"


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server that only this test hurts."""
    with tempfile.TemporaryDirectory(prefix="cf-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder), settings={"fsync": "off", "max_connections": "40"}) as server:
            yield server


@pytest.fixture
def template_database(postgres: EmbeddedPostgres) -> str:
    configure(database_url=database_url(postgres.url))
    migrations.upgrade()
    db_engine.engine().dispose()
    return make_url(postgres.url).database or ""


def verify_some(accepted) -> None:
    """Fail unless all invariants hold and all is COMPLETED; a commit whose answer was cut may have been accepted too."""
    checker.check(db_engine.settings.database_url, accepted)
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


def test_exhausted_connections_are_waited_for(chain, postgres, organization):
    _, worker = chain.start("relay", "worker")
    with ExitStack() as held:
        accepted = owe_invoices(organization, 0)
        hold_all(chain.database_url, held)
        accepted += owe_invoices(organization, 5)
        wait_until(lambda: worker.said("handing back"), 15, "the worker found a connection")
    drain(20)
    verify(accepted)
    assert fetch("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def hold_all(url: str, held: ExitStack) -> None:
    try:
        while True:
            held.callback(psycopg2.connect(url).close)
    except psycopg2.OperationalError as refused:
        assert "too many clients" in str(refused)  # noqa: PT017


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

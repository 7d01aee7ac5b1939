"""PostgreSQL itself may die or refuse: what is committed stands, the rest runs again without anybody's hand."""

import signal
from contextlib import ExitStack

import psycopg

from db import engine as db_engine
from tests.caller import Caller
from tests.faults.load import Intake, drain, fetch, owe_invoices, verify, verify_at_least, without_canaries
from tests.waiting import wait_until

AWAY, BACK = "database away", "database back"


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
            wait_until(lambda: relay.said(BACK) == round_, 10)  # noqa: B023
    drain(30)
    verify_at_least(intake.accepted)
    assert relay.said(AWAY) == relay.said(BACK) == 2
    assert [part.poll() for part in (relay, worker, beat)] == [None] * 3


def test_a_relay_leaves_within_seconds_while_the_database_is_away(chain, postgres, organization):
    (relay,) = chain.start("relay")
    postgres.kill(signal.SIGQUIT)
    wait_until(lambda: relay.said(AWAY) == 1, 10)
    relay.die(signal.SIGTERM)
    wait_until(lambda: relay.poll() is not None, 3, "the relay waits for the database")
    postgres.start()


def test_exhausted_connections_are_waited_for_and_the_caller_is_told_to_come_again(chain, organization):
    without_canaries()  # a worker's child that answered one has a connection
    _, worker = chain.start("relay", "worker")
    worker.freeze()
    accepted = owe_invoices(organization, count=5)
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
            held.callback(psycopg.connect(url).close)
    except psycopg.OperationalError as refused:
        assert "slots are reserved" in str(refused)  # noqa: PT017  the last are the owner's

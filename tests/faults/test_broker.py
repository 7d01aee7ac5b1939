"""The broker may vanish, forget, hang or stutter: accepting goes on, and work goes on when it is back."""

import signal
import time
from statistics import quantiles

import redis

from local.broker import EmbeddedBroker
from tests.faults.load import PROCESSING, Intake, drain, owe, owe_invoices, value, verify
from tests.waiting import wait_until

AWAY, BACK = "broker away", "broker back"


def flush(server: EmbeddedBroker) -> None:
    with redis.Redis.from_url(server.admin_url) as client:
        client.flushall()


def test_a_broker_emptied_again_and_again_gets_everything_again(chain, broker_server, organization, other_organization):
    _, worker = chain.start("relay", "worker")
    with Intake([organization, other_organization], size=5) as intake:
        for round_ in range(1, 5):
            wait_until(lambda: len(intake.accepted) > 250 * round_, 20)  # noqa: B023
            flush(broker_server)
    drain(15)
    worker.freeze()
    accepted = intake.accepted + owe_invoices(organization, count=100)
    wait_until(lambda: value("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL") > 0)
    flush(broker_server)
    worker.thaw()
    drain(15)
    verify(accepted)


def test_a_broker_killed_and_started_empty_twice_needs_nobodys_hand(chain, broker_server, organization):
    relay, worker, beat = chain.start("relay", "worker", "beat")
    with Intake([organization]) as intake:
        for round_ in (1, 2):
            wait_until(lambda: len(intake.accepted) > 400 * round_, 20)  # noqa: B023
            broker_server.kill(signal.SIGKILL)
            wait_until(lambda: relay.said(AWAY) == round_, 10, "the relay did not notice")  # noqa: B023
            broker_server.start()
            wait_until(lambda: relay.said(BACK) == round_, 10, "the relay did not come back")  # noqa: B023
    drain(30)
    verify(intake.accepted)
    assert relay.said(AWAY) == 2
    assert [part.poll() for part in (relay, worker, beat)] == [None] * 3


def test_a_worker_with_messages_in_hand_outlives_the_broker_they_came_from(chain, broker_server, organization):
    _, worker = chain.start("relay", "worker")
    # Two run, one is in hand, and the worker listens for a fourth.
    accepted = owe(organization, "fault.single", [{"seconds": 1}] * 3)
    wait_until(lambda: value(PROCESSING) == 2)
    broker_server.kill(signal.SIGKILL)
    wait_until(lambda: worker.said("Connection to broker lost"), 10, "the worker did not notice")
    broker_server.start()
    drain(20)
    verify(accepted, chain.broker_admin_url)
    assert worker.poll() is None


def test_a_black_hole_holds_no_intake_and_no_relay_and_is_forgotten_when_it_ends(chain, network, organization):
    relay, worker = chain.start("relay", "worker")
    with Intake([organization]) as intake:
        wait_until(lambda: len(intake.accepted) > 100)
        network.silent = True
        wait_until(lambda: relay.said(AWAY) == 1, 5, "a call of the relay hangs")
        intake.seconds.clear()
        before = len(intake.accepted)
        wait_until(lambda: len(intake.accepted) > before + 500, 30)
        assert quantiles(intake.seconds, n=100)[-1] < 1, "accepting waits for the broker"
        assert seconds_to_leave(relay) < 5
        chain.start("relay")
        network.silent = False
    drain(30)
    verify(intake.accepted)
    assert worker.poll() is None


def test_ten_resets_in_three_seconds_leave_a_worker_that_consumes(chain, network, organization):
    _, worker = chain.start("relay", "worker")
    with Intake([organization]) as intake:
        started = time.monotonic()
        for reset in range(10):
            wait_until(lambda: time.monotonic() - started > 0.3 * reset)  # noqa: B023
            network.cut()
    drain(30)
    accepted = intake.accepted + owe_invoices(organization, count=5)
    drain(10)
    verify(accepted)
    assert worker.poll() is None


def test_a_connection_that_dies_without_a_word_is_noticed(chain, network, organization):
    _, worker = chain.start("relay", "worker")
    accepted = owe_invoices(organization, count=5)
    drain(10)
    network.strand(b"BRPOP")
    wait_until(lambda: network.stranded)
    accepted += owe_invoices(organization, count=5)
    drain(30)
    verify(accepted)
    assert worker.poll() is None


def test_a_relay_that_starts_without_a_broker_says_so_once_and_works_when_it_comes(chain, broker_server, organization):
    broker_server.kill(signal.SIGKILL)
    accepted = owe_invoices(organization, count=10)
    (relay,) = chain.start("relay")
    wait_until(lambda: relay.said(AWAY) == 1, 10)
    started = time.monotonic()
    wait_until(lambda: time.monotonic() - started > 4)
    assert relay.said(AWAY) == 1
    broker_server.start()
    chain.start("worker")
    drain(15)
    verify(accepted)
    assert (relay.said(AWAY), relay.said(BACK)) == (1, 1)


def test_a_relay_leaves_within_seconds_whatever_it_is_doing(chain, broker_server, postgres, organization):
    idle, busy = chain.start("relay", "relay")
    assert seconds_to_leave(idle) < 3
    with Intake([organization]) as intake:
        wait_until(lambda: len(intake.accepted) > 100)
        assert seconds_to_leave(busy) < 3
    broker_server.kill(signal.SIGKILL)
    (without_broker,) = chain.start("relay")
    wait_until(lambda: without_broker.said(AWAY))
    assert seconds_to_leave(without_broker) < 3


def seconds_to_leave(process) -> float:
    started = time.monotonic()
    process.die(signal.SIGTERM)
    wait_until(lambda: process.poll() is not None, 15, f"{process.name} ignores SIGTERM")
    return time.monotonic() - started

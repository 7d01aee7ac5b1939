"""What the relay publishes, how much of it, in which order, and what it does when the broker is away."""

import psycopg
import pytest
import redis
from sqlalchemy import text

from db import jobs as job_rows
from db.jobs import NewJob
from db.transaction import transaction
from domain.jobs.registry import find
from tasks.app import app
from tasks.message import ForgedMessage
from tasks.publisher import BrokerAway, Publisher
from tasks.relay import Relay
from tests import chain
from tests.checker import check
from tests.conftest import configure
from tests.scenarios import relay as scenarios
from tests.waiting import wait_until


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_it_holds_that(scenario, stage):
    scenario(stage)


def owe(
    organization_id: int, group_key: str = "", lane: str = "default", priority: int = 1, count: int = 1
) -> list[int]:
    with transaction() as session:
        jobs = [NewJob(organization_id, {}, group_key)] * count
        return job_rows.enqueue(session, "invoice.generate", lane, priority, 3, jobs)


def taken(lane: str = "default") -> list[list[int]]:
    """Return the job ids of each message in a lane, first to last."""
    messages = iter(lambda: chain.take(lane), None)
    return [message.decode()[1]["jobs"] for message in messages]


def test_entries_of_one_kind_travel_together_and_one_supplier_after_the_other(database, organization, lanes):
    first, second = owe(organization.id, "a") + owe(organization.id, "b"), owe(organization.id, "a")
    chain.relay()
    assert taken() == [[first[0], *second, first[1]]]


def test_a_message_carries_no_more_than_a_group(jobs_take, database, organization, lanes):
    jobs_take(0.0001)
    group = find("invoice.generate").group
    ids = owe(organization.id, count=group + 50)
    assert chain.relay() == group + 50
    assert [len(message) for message in taken()] == [group, 50]
    assert ids == chain.rows("SELECT array_agg(job_id ORDER BY job_id) FROM outbox")[0][0]


def test_higher_priority_goes_first_and_each_lane_has_its_queue(database, organization, lanes):
    low, high = owe(organization.id, priority=1), owe(organization.id, priority=2)
    urgent = owe(organization.id, lane="urgent")
    assert [chain.relay(), chain.relay()] == [2, 1]
    assert taken() == [high, low]
    assert taken("urgent") == [urgent]


def test_under_the_bound_the_highest_priority_goes_out(database, organization, lanes):
    owe(organization.id, priority=1, count=3)
    high = owe(organization.id, priority=5, count=2)
    configure(max_in_flight=2)
    assert chain.relay() == 2
    assert taken() == [high]


def test_a_lane_that_is_full_does_not_hold_another_back(database, organization, lanes):
    owe(organization.id, count=3)
    urgent = owe(organization.id, lane="urgent")
    configure(max_in_flight=2)
    assert chain.relay() == 3
    assert taken("urgent") == [urgent]


def test_an_entry_nobody_claims_goes_out_again_after_the_interval_and_not_before(database, organization, lanes):
    ids = owe(organization.id)
    assert [chain.relay(), chain.relay()] == [1, 0]
    chain.time_passes()
    assert chain.relay() == 1
    assert taken() == [ids, ids]


def test_nothing_goes_out_while_the_queue_is_long(database, organization, lanes):
    configure(max_broker_depth=2)
    for _ in range(3):
        owe(organization.id, count=2)
        chain.ask("UPDATE outbox SET group_limit = 1")
        chain.relay()
        chain.time_passes()
    urgent = owe(organization.id, lane="urgent")
    chain.relay()
    assert taken("urgent") == [urgent], "a long queue held another lane back"
    assert len(taken()) == 2, "the queue grew although nobody works on it"
    chain.relay()
    assert len(taken()) == 6, "an emptied queue was not filled again"


def test_a_relay_notices_a_long_queue_by_itself(database, organization, lanes):
    configure(max_broker_depth=2)
    owe(organization.id, count=2)
    chain.ask("UPDATE outbox SET group_limit = 1")
    relay = Relay(Publisher(app))
    assert relay.turn() == 2
    owe(organization.id, count=2)
    assert relay.turn() == 0
    assert Relay(Publisher(app)).turn() == 0, "a relay that starts does not look first"


def test_a_broker_that_is_away_at_the_start_costs_no_entry(database, organization, lanes, monkeypatch):
    owe(organization.id)
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    with pytest.raises(BrokerAway):
        Relay(Publisher(app)).turn()
    assert chain.value("SELECT count(*) FROM outbox WHERE published_at IS NULL AND due_at <= clock_timestamp()") == 1


def test_a_message_holds_ids_and_a_version_and_nothing_else(database, organization, lanes):
    [job_id] = owe(organization.id)
    chain.relay()
    arguments, named, _ = chain.take("default").decode()
    assert (arguments, named) == ([], {"version": 1, "jobs": [job_id]})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"version": 2, "jobs": [1]},
        {"version": 1, "jobs": [1], "organization": 1},
        {"version": 1, "jobs": 1},
        {"version": 1, "jobs": [True]},
        {"version": 1, "jobs": ["1"]},
        {"version": 1, "jobs": [-1]},
        {"version": 1, "jobs": [2**63]},
        {"version": 1, "jobs": [1.5]},
    ],
    ids=str,
)
def test_a_forged_message_that_gets_past_the_consumer_runs_nothing(database, organization, lanes, body):
    [job_id] = owe(organization.id)
    with app.connection_for_write() as connection:
        app.send_task("invoice.generate", kwargs=body, queue="default", connection=connection)
    with pytest.raises(ForgedMessage):
        chain.work()
    assert chain.value("SELECT status FROM jobs WHERE id = %s", job_id) == "PENDING"
    check(database, drained=False)


def test_an_intake_wakes_the_relay_only_while_it_listens(database, organization, lanes):
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("LISTEN outbox")
        owe(organization.id)
        assert [*listener.notifies(timeout=0)] == [], "a busy relay's intakes pay for a wake-up"
        chain.ask("UPDATE relay_state SET listening = true")
        owe(organization.id)
        wait_until(lambda: [*listener.notifies(timeout=0)], message="the relay was not woken")


def test_no_transaction_is_open_while_the_relay_talks_to_the_broker(database, organization, lanes):
    seen = []

    class Watching(Publisher):
        def publish(self, message):
            seen.extend(chain.rows("SELECT state FROM pg_stat_activity WHERE application_name = 'counterfoil'"))
            super().publish(message)

    owe(organization.id)
    Relay(Watching(app)).turn()
    assert ("idle",) in seen
    assert ("idle in transaction",) not in seen


def test_a_broker_that_is_full_gives_the_entries_back_and_is_tried_again(database, organization, broker, lanes):
    ids = owe(organization.id, count=3)
    with redis.Redis.from_url(broker) as server:
        before = server.config_get("maxmemory")["maxmemory"]
        server.config_set("maxmemory", 1)
        with pytest.raises(BrokerAway, match="maxmemory"):
            Relay(Publisher(app)).turn()
        server.config_set("maxmemory", before)
    assert chain.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 3
    chain.relay()
    assert taken() == [ids]


def test_a_lane_that_was_deleted_at_the_broker_counts_as_empty(database, organization, broker, lanes):
    with redis.Redis.from_url(broker) as server:
        server.flushall()
    publisher = Publisher(app)
    publisher.connect()
    assert publisher.depth("default") == 0
    publisher.close()


def test_a_relay_that_dies_before_it_publishes_delays_and_loses_nothing(database, organization, lanes):
    ids = owe(organization.id, count=2)
    with transaction() as session:
        scenarios.lease(session, organization.id, 10)
    assert chain.relay() == 0
    with transaction() as session:
        session.execute(text("UPDATE outbox SET due_at = clock_timestamp()"))
    assert chain.relay() == 2
    assert taken() == [ids]

"""The order of the relay, on the real outbox: turns, limits, pauses, and a choice whose cost does not grow."""

import json
from collections import Counter
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

import settings
from db import jobs as job_rows
from db import outbox
from db.jobs import NewJob
from db.queries import statement
from db.transaction import transaction
from domain.jobs.dispatch.costs import RUN_SECONDS
from domain.jobs.dispatch.dispatcher import Dispatcher
from domain.jobs.lanes import LANES
from domain.jobs.priorities import MAX_OWN, ranked
from domain.jobs.registry import find
from tests import chain
from tests.conftest import configure
from tests.tenant import Tenant, new_tenant

IN_FLIGHT = """SELECT count(*) FROM outbox JOIN jobs ON id = job_id
            WHERE published_at IS NOT NULL AND jobs.organization_id = %s"""
FLOOD = """
    WITH job AS (
        INSERT INTO jobs (organization_id, kind, lane, max_attempts, payload)
        SELECT %s, 'invoice.generate', 'default', 3, '{}' FROM generate_series(1, %s) RETURNING *
    ) INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key)
    SELECT id, organization_id, kind, lane, priority, group_key FROM job"""


def owe(tenant: Tenant, count: int, priority: int = 1, kind: str = "invoice.generate") -> list[int]:
    with transaction() as session:
        return job_rows.enqueue(session, kind, "default", priority, 3, [NewJob(tenant.id, {})] * count)


def in_flight(tenant: Tenant) -> int:
    return chain.value(IN_FLIGHT, tenant.id)


def pause(what: str, name: str) -> None:
    chain.ask("INSERT INTO pauses (what, name) VALUES (%s, %s)", what, name)


def test_one_that_floods_leaves_the_others_their_turn(database, organization, other_organization, lanes):
    chain.ask(FLOOD, organization.id, 10_000)
    owe(other_organization, 20)
    chain.relay()
    assert in_flight(other_organization) == 20, "the one that came later waits behind the flood"
    assert in_flight(organization) > 0


def test_weights_decide_the_shares(database, organization, other_organization, lanes):
    chain.ask("UPDATE organizations SET weight = 3 WHERE id = %s", organization.id)
    for tenant in (organization, other_organization):
        chain.ask(FLOOD, tenant.id, 1000)
    chain.relay()
    assert in_flight(organization) == pytest.approx(3 * in_flight(other_organization), abs=4)


def test_an_organization_has_no_more_jobs_running_than_it_may(
    jobs_take, database, organization, other_organization, lanes
):
    jobs_take(RUN_SECONDS / 200)
    chain.ask("UPDATE organizations SET max_running = 5 WHERE id = %s", organization.id)
    owe(organization, 50)
    owe(other_organization, 50)
    chain.relay()
    assert (in_flight(organization), in_flight(other_organization)) == (5, 50)
    claimed = [row[0] for row in chain.rows("SELECT job_id FROM outbox WHERE published_at IS NOT NULL")]
    with transaction() as session:
        job_rows.claim(session, "invoice.generate", claimed, uuid4(), lease=60)
    assert chain.relay() == 0, "jobs that run were not counted"


def test_what_is_paused_stays_in_the_outbox_and_nothing_else_does(database, organization, lanes):
    owe(organization, 3)
    owe(organization, 2, kind="other.kind")
    pause("kind", "invoice.generate")
    assert chain.relay() == 2
    assert jobs_of_messages() == [1, 1]
    chain.ask("DELETE FROM pauses")
    pause("lane", "default")
    assert chain.relay() == 0
    chain.ask("DELETE FROM pauses")
    assert chain.relay() == 3


def test_an_urgent_job_behind_ten_thousand_goes_out_in_the_next_turn(database, organization, lanes):
    chain.ask(FLOOD, organization.id, 10_000)
    configure(work_ahead_ms=100)
    assert chain.relay() < 1000
    for _ in range(3):
        chain.take("default")
    urgent = owe(organization, 1, priority=2)
    assert chain.relay() == 1
    assert chain.value("SELECT published_at IS NOT NULL FROM outbox WHERE job_id = %s", *urgent)


def test_a_callers_priority_takes_no_turn_from_others_and_an_operators_does(
    database, organization, other_organization, lanes
):
    owe(organization, 1000, priority=MAX_OWN)
    owe(other_organization, 1000)
    chain.relay()
    assert in_flight(organization) == pytest.approx(in_flight(other_organization), abs=4)
    while chain.take("default"):
        pass
    before = in_flight(other_organization)
    owe(organization, 1000, priority=ranked(2))
    chain.relay()
    assert chain.value("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL AND priority > %s", MAX_OWN) > 0
    assert in_flight(other_organization) == before


def test_a_kind_that_was_never_measured_begins_with_few_jobs_a_run(database, organization, lanes):
    chain.ask(FLOOD, organization.id, 1000)
    chain.relay()
    assert set(jobs_of_messages()) == {20, 10}


def test_beside_somebody_with_little_to_do_runs_are_short(jobs_take, database, organization, other_organization, lanes):
    jobs_take(0.0003)
    chain.ask(FLOOD, organization.id, 10_000)
    chain.relay()
    assert max(jobs_of_messages()) == find("invoice.generate").group
    owe(other_organization, 1)
    chain.relay()
    assert jobs_of_messages() == [1], "the one with little to do waits for a long run"
    chain.relay()
    assert 10 < max(jobs_of_messages()) < 250, "the next one waits for a long run"


def test_an_organizations_own_higher_priority_makes_its_runs_no_shorter(jobs_take, database, organization, lanes):
    """Each group of its invoices owes the job that numbers their events: runs were short for as long as that took."""
    jobs_take(0.0003)
    chain.ask(FLOOD, organization.id, 10_000)
    owe(organization, 1, priority=2)
    chain.relay()
    assert jobs_of_messages() == [1]
    chain.relay()
    assert max(jobs_of_messages()) == find("invoice.generate").group


def jobs_of_messages() -> list[int]:
    """Take every message of the default lane; return how many jobs each carries."""
    messages = iter(partial(chain.take, "default"), None)
    return [len(message.payload[1]["jobs"]) for message in messages]


def test_the_dispatcher_knows_whether_something_was_left(database, organization, other_organization, lanes):
    dispatcher = Dispatcher()
    owe(organization, 3)
    assert (len(dispatcher.lease({"default": 1.0})), dispatcher.more) == (3, set())
    chain.ask(FLOOD, organization.id, 10_000)
    dispatcher.lease({"default": 0.1})
    owe(other_organization, 1)
    assert len(dispatcher.lease({"default": 0.0001})) == 1
    assert dispatcher.more == {"default"}, "the flood waits until somebody calls"
    dispatcher.lease({"urgent": 1.0})
    assert dispatcher.more == {"default"}, "a lane that is full has no backlog any more"
    chain.ask("DELETE FROM outbox")
    assert (dispatcher.lease({"default": 1.0}), dispatcher.more) == ([], set())


def test_under_a_constant_stream_of_urgent_work_the_rest_gets_its_tenth(database, organization, lanes):
    configure(work_ahead_ms=100, max_in_flight=100_000)
    chain.ask(FLOOD, organization.id, 2000)
    given: dict[int, int] = {1: 0, 2: 0}
    for _ in range(60):
        owe(organization, 200, priority=2)
        before = dict(chain.rows(BY_PRIORITY))
        chain.relay()
        while chain.take("default"):
            pass
        for priority, count in chain.rows(BY_PRIORITY):
            given[priority] += count - before.get(priority, 0)
    share = given[1] / sum(given.values())
    assert 0.08 < share < 0.2, f"a share of {share:.2f} of the work went to the lower priority"


BY_PRIORITY = "SELECT priority, count(*) FROM outbox WHERE published_at IS NOT NULL GROUP BY priority"


def rows_read(query: str, parameters: dict[str, Any]) -> float:
    """Return how many rows the statement's scans of the outbox read."""
    with transaction() as session:
        cursor = session.connection().connection.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters)
        plan = cursor.fetchone()[0]
    found = plan if isinstance(plan, list) else json.loads(plan)
    return sum(_scanned(found[0]["Plan"]))


def _scanned(node: dict[str, Any]) -> Any:
    if node.get("Relation Name") == "outbox" and "Scan" in node["Node Type"]:
        assert "Index" in node["Node Type"], f"reads the whole outbox: {node['Node Type']}"
        yield (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    for child in node.get("Plans", []):
        yield from _scanned(child)


def test_choosing_reads_as_many_rows_with_ten_entries_as_with_a_hundred_thousand(database, organization, lanes):
    new_tenant("Third")
    wanted = outbox.cursor_parameters(LANES)
    turn = {
        "lanes": ["default"], "priorities": [1], "organization_ids": [organization.id],
        "kinds": ["invoice.generate"], "since": [outbox.BEGINNING], "mosts": [10],
        "redelivery": settings.current().redelivery_interval,
    }  # fmt: skip
    read = []
    for count in (10, 100_000):
        chain.ask(FLOOD, organization.id, count)
        chain.ask("ANALYZE outbox")
        chain.ask("UPDATE outbox SET published_at = NULL, due_at = clock_timestamp() - interval '1 second'"
                  " WHERE published_at IS NOT NULL")  # fmt: skip
        read.append((rows_read(statement("waiting_streams"), wanted), rows_read(statement("lease_entries"), turn)))
    assert read[0] == read[1], "the backlog makes the choice dearer"


def test_a_lane_in_which_all_are_at_their_limit_holds_no_other_back(database, organization, other_organization, lanes):
    chain.ask("UPDATE organizations SET max_running = 1 WHERE id = %s", organization.id)
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, "invoice.generate", "default", 1, 3, [NewJob(organization.id, {})])
        job_rows.claim(session, "invoice.generate", [job_id], uuid4(), lease=60)
    owe(organization, 2)
    with transaction() as session:
        urgent = job_rows.enqueue(session, "invoice.generate", "urgent", 1, 3, [NewJob(other_organization.id, {})])
    assert chain.relay() == 1
    assert chain.rows("SELECT job_id FROM outbox WHERE published_at IS NOT NULL") == [(urgent[0],)]


def test_jobs_of_one_key_go_together_where_a_run_has_one_key(jobs_take, database, organization, lanes):
    jobs_take(RUN_SECONDS / 4)
    with transaction() as session:
        for _ in range(6):
            keys = [NewJob(organization.id, {}, group_key=str(key)) for key in range(5)]
            job_rows.enqueue(session, "webhook.deliver", "io", 1, 3, keys)
    dispatcher = Dispatcher()
    first = dispatcher.lease({"io": RUN_SECONDS * 2})
    assert Counter(entry.group_key for entry in first) == {"0": 4, "1": 4}
    while taken := dispatcher.lease({"io": RUN_SECONDS * 2}):
        first += taken
    assert len({entry.job_id for entry in first}) == 30

"""Work outside: read in one transaction, done while none is open, and recorded in one that the lease fences."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import engine
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind
from domain.jobs.work import Onward, PermanentError, Retry, job
from tests import chain
from tests.checker import check
from tests.integration.jobs.test_moves import owe
from tests.scenarios import jobs

EFFECTS = "SELECT job_id FROM effects ORDER BY job_id"
OUTCOMES = {"done": {"answer": 1}, "wrong": PermanentError("no such place"), "later": Retry(300, "busy: come again")}


def kind(act: Callable[[], Any], outcome: Callable[[Any, Any], Any] = lambda _job, done: {"done": done}) -> Kind:
    """Return a kind that leaves one row for each job it records."""

    def handler(context, claimed):
        context.session.execute(text("SELECT 1"))
        done = yield act
        for one in claimed:
            context.session.execute(text("INSERT INTO effects (job_id) VALUES (:id)"), {"id": one.id})
        return [outcome(one, done) for one in claimed]

    return Kind("probe", handler, outside=True, group=10)


@pytest.fixture(autouse=True)
def effects(database: str) -> Iterator[None]:
    chain.ask("CREATE TABLE effects (job_id bigint NOT NULL)")
    yield
    check(database, drained=False)


def test_no_transaction_is_open_and_no_connection_held_while_it_acts(organization):
    seen = []

    def act() -> str:
        seen.append(engine().pool.checkedout())  # type: ignore[attr-defined]
        return "sent"

    job_id = owe(organization.id)
    assert run_jobs(kind(act), [job_id]) == []
    assert seen == [0]
    assert chain.rows("SELECT status, result, attempts FROM jobs") == [("COMPLETED", {"done": "sent"}, 1)]
    assert chain.rows(EFFECTS) == [(job_id,)]


def test_each_job_of_a_group_has_its_own_outcome(organization):
    ids = {word: owe(organization.id) for word in OUTCOMES}
    words = {job_id: word for word, job_id in ids.items()}
    failed = run_jobs(kind(lambda: None, lambda one, _: OUTCOMES[words[one.id]]), [*ids.values()])
    assert sorted(failed) == [ids["wrong"], ids["later"]]
    found = dict(chain.rows("SELECT id, ARRAY[status, error] FROM jobs"))
    assert found == {
        ids["done"]: ["COMPLETED", None],
        ids["wrong"]: ["FAILED", "no such place"],
        ids["later"]: ["PENDING", "busy: come again"],
    }
    waits = "SELECT extract(epoch FROM available_at - clock_timestamp()) FROM jobs WHERE id = %s"
    assert 290 < chain.value(waits, ids["later"]) <= 300


def test_who_finds_nothing_to_do_outside_says_so_at_once(organization):
    def handler(context, claimed):
        if claimed[0].payload.get("never"):
            yield lambda: None
        return [{"done": "nothing"}]

    job_id = owe(organization.id)
    run_jobs(Kind("probe", handler, outside=True), [job_id])
    assert chain.rows("SELECT status, result FROM jobs") == [("COMPLETED", {"done": "nothing"})]


def test_what_a_run_waits_for_outside_is_not_its_time(organization):
    """By the clock the relay would hand out hardly any work beside receivers that are slow."""
    run_jobs(kind(lambda: threading.Event().wait(1.0)), [owe(organization.id)])
    assert chain.value("SELECT recent_seconds FROM run_statistics") < 0.5


def test_the_last_attempt_is_not_tried_again(organization):
    job_id = owe(organization.id)
    for attempt in (1, 2, 3):
        run_jobs(kind(lambda: None, lambda *_: OUTCOMES["later"]), [job_id])
        assert jobs.state(job_id) == (Status.FAILED if attempt == 3 else Status.PENDING, attempt)
        chain.time_passes()
    assert chain.value("SELECT error FROM jobs") == "busy: come again"


def test_what_is_recorded_after_the_lease_was_lost_is_rolled_back(organization):
    def act() -> None:
        chain.ask("UPDATE jobs SET lease_token = gen_random_uuid()")

    job_id = owe(organization.id)
    run_jobs(kind(act), [job_id])
    assert jobs.state(job_id) == (Status.PROCESSING, 1)
    assert chain.rows(EFFECTS) == []


def going_onward(items: int, act: Callable[[int], Any]) -> Kind:
    """Return a kind that does so many items outside, and leaves a row for each that it records."""

    def handler(context, claimed):
        [one] = claimed
        for item in range(one.progress, items):
            step = partial(act, item)
            yield Onward(step, item, items) if item > one.progress else step
            context.session.execute(text("INSERT INTO effects (job_id) VALUES (:item)"), {"item": item})
        return [{"items": items}]

    return Kind("probe", handler, outside=True)


def test_a_lone_job_goes_onward_and_each_step_is_kept_before_the_next_is_done(organization):
    job_id, seen = owe(organization.id), []

    def act(item: int) -> None:
        seen.append(chain.rows("SELECT progress, total, (SELECT count(*) FROM effects) FROM jobs"))

    run_jobs(going_onward(3, act), [job_id])
    assert seen == [[(0, 1, 0)], [(1, 3, 1)], [(2, 3, 2)]]
    assert chain.rows("SELECT status, result, progress FROM jobs") == [("COMPLETED", {"items": 3}, 3)]


def test_one_that_dies_onward_goes_on_where_it_was_and_has_all_its_attempts_again(organization):
    job_id = owe(organization.id)

    def act(item: int) -> None:
        if item == 2 and chain.value("SELECT attempts FROM jobs") == 1:
            raise OSError("the network is down")

    kind = going_onward(4, act)
    run_jobs(kind, [job_id])
    assert jobs.state(job_id) == (Status.PENDING, 1)
    chain.time_passes()
    run_jobs(kind, [job_id])
    assert [item for (item,) in chain.rows(EFFECTS)] == [0, 1, 2, 3]
    assert jobs.state(job_id)[0] == Status.COMPLETED


def test_one_that_goes_onward_gives_way_when_its_time_is_over_and_stops_when_it_is_cancelled(organization, client):
    job_id = owe(organization.id)
    run_jobs(going_onward(3, lambda item: None), [job_id], seconds=0)
    assert (jobs.state(job_id), chain.value("SELECT progress FROM jobs")) == ((Status.PENDING, 0), 1)

    def act(item: int) -> None:
        assert client.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 200

    run_jobs(going_onward(3, act), [job_id])
    assert (jobs.state(job_id)[0], [item for (item,) in chain.rows(EFFECTS)]) == (Status.CANCELLED, [0, 1])


def test_onward_under_a_lost_lease_is_rolled_back(organization):
    job_id = owe(organization.id)
    run_jobs(going_onward(3, lambda item: chain.ask("UPDATE jobs SET lease_token = gen_random_uuid()")), [job_id])
    assert chain.rows(EFFECTS) == []


@pytest.mark.parametrize("count", [1, 4])
def test_an_error_outside_counts_the_attempt_of_a_lone_job_and_divides_a_group(organization, count):
    def act() -> None:
        raise OSError("the network is down")

    ids = [owe(organization.id) for _ in range(count)]
    run_jobs(kind(act), ids)
    assert {jobs.state(job_id) for job_id in ids} == {(Status.PENDING, 1 if count == 1 else 0)}
    assert chain.rows(EFFECTS) == []
    if count > 1:
        assert chain.rows("SELECT DISTINCT group_limit FROM outbox") == [(2,)]


def test_a_handler_that_works_outside_says_what_it_does_there():
    with pytest.raises(ValueError, match="must yield what it does outside"):

        @job("probe.within", outside=True)
        def within(_context, _jobs):
            return []

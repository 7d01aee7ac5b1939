"""A job that yields keeps each step for good, renews its lease, can be stopped, and goes on where it was."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from counterfoil.crashkit.fuse import killed_at, points
from db import jobs as job_rows
from db.jobs import ClaimedJob, NewJob
from db.transaction import transaction
from domain.jobs import catalogue
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind
from domain.jobs.work import Context, PermanentError, Progress
from tests import chain
from tests.checker import check, watch
from tests.scenarios.jobs import state

TOTAL, SIZE = 37, 10
PROGRESS = "SELECT progress, total FROM jobs WHERE id = %s"


def stamp(context: Context, job: ClaimedJob) -> Iterator[Progress]:
    """Leave one row for each item, ten a step; stumble over the item that the payload names."""
    for start in range(context.cursor, TOTAL, SIZE):
        for item in range(start, end := min(start + SIZE, TOTAL)):
            context.session.execute(text("INSERT INTO stamps VALUES (:item)"), {"item": item})
            if item == job.payload.get("stumbles_over"):
                raise ValueError("stumbled")
        yield Progress(end, TOTAL)
    return {"items": TOTAL}


KIND = Kind("probe.steps", stamp, stepwise=True)


@pytest.fixture
def stamps(database: str) -> None:
    chain.ask("CREATE TABLE stamps (item integer)")
    watch(database)


def owe(organization_id: int, **payload: Any) -> int:
    with transaction() as session:
        return job_rows.enqueue(session, KIND.name, "default", 1, 3, [NewJob(organization_id, payload)], total=TOTAL)[0]


def stamped() -> list[int]:
    return [item for (item,) in chain.rows("SELECT item FROM stamps ORDER BY item")]


def test_each_step_is_kept_with_its_progress(database, organization, stamps):
    job_id = owe(organization.id)
    seen = []

    def watched(context: Context, job: ClaimedJob) -> Iterator[Progress]:
        steps = stamp(context, job)
        while True:
            try:
                yield next(steps)
            except StopIteration as end:
                return end.value
            seen.append((len(stamped()), *chain.rows(PROGRESS, job_id)[0]))

    run_jobs(replace(KIND, handler=watched), [job_id])
    assert seen == [(10, 10, TOTAL), (20, 20, TOTAL), (30, 30, TOTAL), (37, 37, TOTAL)]
    assert stamped() == list(range(TOTAL))
    assert chain.rows("SELECT status, progress, result FROM jobs") == [("COMPLETED", TOTAL, {"items": TOTAL})]
    check(database)


def test_a_checkpoint_renews_the_lease(database, organization, stamps):
    job_id = owe(organization.id)
    left = []

    def slow(context: Context, job: ClaimedJob) -> Iterator[Progress]:
        chain.ask("UPDATE jobs SET lease_expires_at = clock_timestamp() + interval '1 second'")
        yield Progress(10, TOTAL)
        left.append(chain.value("SELECT extract(epoch FROM lease_expires_at - clock_timestamp()) FROM jobs"))

    run_jobs(replace(KIND, handler=slow), [job_id])
    assert left[0] > 50, "a job at work loses its lease"


def test_what_stumbles_loses_only_its_step_and_goes_on_from_there(database, organization, stamps):
    job_id = owe(organization.id, stumbles_over=25)
    run_jobs(KIND, [job_id])
    assert state(job_id) == (Status.PENDING, 1)
    assert stamped() == list(range(20)), "a step was left half done"
    chain.time_passes()
    run_jobs(replace(KIND, handler=lambda context, job: stamp(context, job._replace(payload={}))), [job_id])
    assert state(job_id) == (Status.COMPLETED, 1)
    assert stamped() == list(range(TOTAL))
    check(database)


def test_a_job_that_comes_further_each_time_has_its_attempts_again(database, organization, stamps):
    job_id = owe(organization.id)
    for stumbles_over in (5, 15, 25, 35):
        for attempt in (1, 2):
            run_jobs(stumbling(stumbles_over), [job_id])
            assert state(job_id) == (Status.PENDING, attempt)
            chain.time_passes()
    run_jobs(KIND, [job_id])
    assert (state(job_id)[0], stamped()) == (Status.COMPLETED, list(range(TOTAL)))
    check(database)


def test_a_job_that_comes_no_further_uses_its_attempts_up(database, organization, stamps):
    job_id = owe(organization.id)

    def busy(context: Context, job: ClaimedJob) -> Iterator[Progress]:
        yield Progress(context.cursor, TOTAL)
        raise ValueError("stumbled")

    for attempt in (1, 2, 3):
        run_jobs(replace(KIND, handler=busy), [job_id])
        assert state(job_id) == (Status.FAILED if attempt == 3 else Status.PENDING, attempt)
        chain.time_passes()


def stumbling(over: int) -> Kind:
    payload = {"stumbles_over": over}
    return replace(KIND, handler=lambda context, job: stamp(context, job._replace(payload=payload)))


def test_a_job_that_yields_gives_way_when_its_time_is_over_and_keeps_its_attempts(database, organization, stamps):
    job_id = owe(organization.id)
    for done in (10, 20, 30):
        run_jobs(KIND, [job_id], seconds=0)
        assert state(job_id) == (Status.PENDING, 0)
        assert chain.rows(PROGRESS, job_id) == [(done, TOTAL)]
    started = chain.value("SELECT started_at FROM jobs")
    assert chain.rows("SELECT completed, failed, array_length(run_counts, 1) > 0 FROM run_statistics") == [(0, 0, True)]
    run_jobs(KIND, [job_id])
    assert stamped() == list(range(TOTAL))
    assert chain.value("SELECT started_at FROM jobs") == started, "its duration would be that of its last part"
    check(database)


def test_a_running_job_that_is_cancelled_stops_at_its_next_checkpoint_and_can_go_on(database, organization, stamps):
    job_id = owe(organization.id)

    def interrupted(context: Context, job: ClaimedJob) -> Iterator[Progress]:
        steps = stamp(context, job)
        yield next(steps)
        with transaction() as session:
            assert catalogue.cancel(session, organization.id, job_id).cancel_requested
        yield next(steps)
        pytest.fail("it went on")

    run_jobs(replace(KIND, handler=interrupted), [job_id])
    assert (state(job_id), len(stamped())) == ((Status.CANCELLED, 1), 20)
    with transaction() as session:
        job_rows.requeue(session, organization.id, job_id)
    run_jobs(KIND, [job_id])
    assert (state(job_id), stamped()) == ((Status.COMPLETED, 1), list(range(TOTAL)))
    check(database)


def test_a_cancel_that_came_while_an_attempt_failed_is_honoured_before_the_next(database, organization, stamps):
    job_id = owe(organization.id, stumbles_over=5)

    def cancelled_meanwhile(context: Context, job: ClaimedJob) -> Iterator[Progress]:
        with transaction() as session:
            job_rows.cancel(session, organization.id, job_id)
        yield from stamp(context, job)

    run_jobs(replace(KIND, handler=cancelled_meanwhile), [job_id])
    run_jobs(replace(KIND, handler=lambda *_: pytest.fail("it ran")), [job_id])
    assert state(job_id) == (Status.CANCELLED, 2)
    check(database)


def test_a_worker_may_die_anywhere_between_two_steps_and_within(database, organization, stamps, record_property):
    job_id = owe(organization.id)
    names = points(lambda: run_jobs(KIND, [job_id]))
    assert names.count("after checkpoint") == 4
    for at, name in enumerate(names):
        chain.ask("TRUNCATE stamps")
        job_id = owe(organization.id)
        assert killed_at(at, lambda: run_jobs(KIND, [job_id])), f"never came to {name}"  # noqa: B023  run at once
        chain.time_passes()
        with transaction() as session:
            job_rows.sweep(session)
        run_jobs(KIND, [job_id])
        assert stamped() == list(range(TOTAL)), f"killed {name}"
        assert state(job_id)[0] == Status.COMPLETED, f"killed {name}"
    check(database)
    record_property("points", len(names))


def test_a_payload_of_an_older_version_is_brought_up_to_date(database, organization):
    seen: list[Any] = []
    kind = Kind("probe", lambda _, jobs: [seen.append(jobs[0].payload) or {}], version=3)
    kind = replace(kind, upgrades={1: lambda p: {**p, "second": 2}, 2: lambda p: {**p, "third": 3}})
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, "probe", "default", 1, 3, [NewJob(organization.id, {"first": 1})])
    run_jobs(kind, [job_id])
    assert seen == [{"first": 1, "second": 2, "third": 3}]


def test_a_payload_that_is_no_longer_understood_fails_with_a_clear_word(database, organization):
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, "probe", "default", 1, 3, [NewJob(organization.id, {})])
    run_jobs(Kind("probe", lambda *_: pytest.fail("it ran"), version=2), [job_id])
    assert state(job_id) == (Status.FAILED, 1)
    assert chain.value("SELECT error FROM jobs") == (
        "payload version 1 of probe is no longer understood; submit it again"
    )


def test_a_payload_of_a_newer_version_is_left_to_a_newer_worker(database, organization):
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, "probe", "default", 1, 3, [NewJob(organization.id, {})], version=2)
    run_jobs(Kind("probe", lambda *_: pytest.fail("it ran")), [job_id])
    assert state(job_id) == (Status.PENDING, 0)
    chain.time_passes()
    run_jobs(Kind("probe", lambda _, jobs: [{}], version=2), [job_id])
    assert state(job_id) == (Status.COMPLETED, 1)
    check(database)


def test_a_permanent_error_ends_a_job_that_yields_at_once(database, organization, stamps):
    def refused(context: Context, job: ClaimedJob) -> Iterator[Progress]:
        yield Progress(10, TOTAL)
        raise PermanentError("the shelf is empty")

    job_id = owe(organization.id)
    run_jobs(replace(KIND, handler=refused), [job_id])
    assert state(job_id) == (Status.FAILED, 1)
    assert chain.rows("SELECT error, progress FROM jobs") == [("the shelf is empty", 10)]
    check(database)

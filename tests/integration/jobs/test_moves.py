"""Every legal move of a job is made, every other is refused, and trouble ends as the design says."""

import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db import jobs as job_rows
from db.jobs import Failure, LeaseLost, NewJob
from db.transaction import transaction
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import MOVES, Status
from domain.jobs.registry import Kind
from domain.jobs.work import Context, PermanentError
from domain.jobs.work import job as register
from tasks.app import cleanup
from tests import chain
from tests.checker import check, watch
from tests.scenarios import invoices, jobs
from tests.waiting import wait_until

TRANSIENT = {
    "serialization failure": "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$",
    "deadlock": "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$",
    "too many connections": "DO $$ BEGIN RAISE SQLSTATE '53300'; END $$",
    "shutdown": "DO $$ BEGIN RAISE SQLSTATE '57P01'; END $$",
    "backend terminated": "SELECT pg_terminate_backend(pg_backend_pid())",
}


@pytest.mark.parametrize("scenario", jobs.SCENARIOS + invoices.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_it_holds_that(scenario, stage):
    scenario(stage)


def owe(organization_id: int, kind: str = "probe", max_attempts: int = 3) -> int:
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, kind, "default", 1, max_attempts, [NewJob(organization_id, {})])
    return job_id


def bring(organization_id: int, status: Status, attempts: int = 1) -> tuple[int, uuid.UUID]:
    """Return a job that came to `status` by legal moves, and the token of its claim."""
    job_id, token = owe(organization_id, max_attempts=3 if attempts == 1 else 1), uuid.uuid4()
    with transaction() as session:
        if status == Status.CANCELLED:
            job_rows.cancel(session, organization_id, job_id)
        elif status != Status.PENDING:
            job_rows.claim(session, "probe", [job_id], token, lease=60)
    with transaction() as session:
        if status == Status.COMPLETED:
            job_rows.complete(session, token, {job_id: {}})
        elif status == Status.FAILED:
            job_rows.set_aside(session, token, [Failure(job_id, "broken", None)])
    return job_id, token


def apply(verb: str, organization_id: int, job_id: int, token: uuid.UUID) -> None:
    with transaction() as session:
        match verb:
            case "claim":
                job_rows.claim(session, "probe", [job_id], uuid.uuid4(), lease=60)
            case "checkpoint":
                job_rows.checkpoint(session, token, job_id, 0, None, lease=60)
            case "complete":
                job_rows.complete(session, token, {job_id: {}})
            case "retry" | "fail":
                job_rows.set_aside(session, token, [Failure(job_id, "broken", 0 if verb == "retry" else None)])
            case "release":
                job_rows.release(session, token, [job_id], delay=0, group_limit=None)
            case "cancel" | "requeue":
                getattr(job_rows, verb)(session, organization_id, job_id)
            case "sweep":
                chain.time_passes()
                job_rows.sweep(session)


def outcome(verb: str, organization_id: int, status: Status, attempts: int = 1) -> Status | None:
    """Return where `verb` moves a job in `status`, None when nowhere."""
    job_id, token = bring(organization_id, status, attempts)
    try:
        apply(verb, organization_id, job_id, token)
    except LeaseLost:
        assert verb in ("checkpoint", "complete", "retry", "fail")
    after = chain.value("SELECT status FROM jobs WHERE id = %s", job_id)
    chain.ask("DELETE FROM outbox WHERE job_id = %s", job_id)
    chain.ask("DELETE FROM jobs WHERE id = %s", job_id)
    return None if after == status else Status(after)


def test_each_verb_moves_as_the_table_says_and_no_other_way(database, organization):
    watch(database)
    verbs = sorted(MOVES.keys() - {"enqueue"})
    found = {(verb, before): outcome(verb, organization.id, before) for verb, before in product(verbs, Status)}
    expected = dict.fromkeys(found) | {(v, before): after for v in verbs for before, after in sorted(MOVES[v])}
    stays = {("checkpoint", Status.PROCESSING): None}
    assert found == expected | {("sweep", Status.PROCESSING): Status.PENDING} | stays
    assert outcome("sweep", organization.id, Status.PROCESSING, attempts=3) == Status.FAILED
    check(database)


def test_a_wrong_token_moves_nothing(database, organization):
    for verb in ("complete", "retry", "fail", "release"):
        job_id, _ = bring(organization.id, Status.PROCESSING)
        try:
            apply(verb, organization.id, job_id, uuid.uuid4())
            assert verb == "release", f"{verb} did not notice"
        except LeaseLost:
            assert verb != "release"
        assert jobs.state(job_id) == (Status.PROCESSING, 1)


@pytest.mark.parametrize("trouble", TRANSIENT)
def test_trouble_of_the_database_hands_the_attempt_back(database, organization, trouble):
    def handler(context, claimed):
        context.session.execute(text(TRANSIENT[trouble]))
        return [{}]

    job_id = owe(organization.id)
    run_jobs(Kind("probe", handler), [job_id])
    assert jobs.state(job_id) == (Status.PENDING, 0)
    check(database, drained=False)


def test_a_failed_job_waits_two_minutes_and_then_four_and_then_is_failed(database, organization):
    def handler(context, claimed):
        raise ValueError("still broken")

    job_id = owe(organization.id)
    for minutes in (2, 4):
        run_jobs(Kind("probe", handler), [job_id])
        waits = chain.value("SELECT extract(epoch FROM available_at - now()) FROM jobs WHERE id = %s", job_id)
        assert minutes * 60 * 0.9 - 5 <= waits <= minutes * 60 * 1.1
        due = chain.value("SELECT due_at = available_at FROM outbox JOIN jobs ON id = job_id")
        assert due, "the entry is not due when the job is"
        run_jobs(Kind("probe", handler), [job_id])
        assert jobs.state(job_id) == (Status.PENDING, minutes / 2), "a message that came too early was not ignored"
        chain.time_passes()
    run_jobs(Kind("probe", handler), [job_id])
    assert jobs.state(job_id) == (Status.FAILED, 3)
    assert chain.value("SELECT error FROM jobs") == "ValueError: still broken"
    check(database)


def test_a_permanent_error_is_not_tried_again(database, organization):
    def handler(context, claimed):
        raise PermanentError("the customer is gone")

    job_id = owe(organization.id)
    run_jobs(Kind("probe", handler), [job_id])
    assert jobs.state(job_id) == (Status.FAILED, 1)
    assert chain.value("SELECT error FROM jobs") == "the customer is gone"
    check(database)


@pytest.mark.parametrize("failure", [ValueError, PermanentError])
def test_an_error_that_no_text_can_hold_is_kept_as_well_as_it_goes(database, organization, failure):
    def handler(context, claimed):
        raise failure("broken\0")

    job_id = owe(organization.id)
    run_jobs(Kind("probe", handler), [job_id])
    assert jobs.state(job_id)[1] == 1
    assert chain.value("SELECT error FROM jobs").endswith("broken\ufffd")
    check(database, drained=False)


def test_ids_of_another_kind_and_ids_of_nothing_are_ignored(database, organization):
    foreign = owe(organization.id, kind="other")
    run_jobs(Kind("probe", lambda *_: pytest.fail("it ran")), [foreign, foreign + 1, 2**62])
    assert jobs.state(foreign) == (Status.PENDING, 0)
    check(database, drained=False)


def test_a_job_whose_time_has_not_come_is_not_claimed(database, organization):
    job_id = owe(organization.id)
    chain.ask("UPDATE jobs SET available_at = now() + interval '1 minute'")
    run_jobs(Kind("probe", lambda *_: pytest.fail("it ran")), [job_id])
    assert jobs.state(job_id) == (Status.PENDING, 0)


def test_what_exceeds_a_group_keeps_its_entry_and_comes_again(database, organization):
    ids = [owe(organization.id) for _ in range(3)]
    run_jobs(Kind("probe", lambda _, claimed: [{} for _ in claimed], group=2), ids)
    assert [jobs.state(job_id)[0] for job_id in ids] == [Status.COMPLETED] * 2 + [Status.PENDING]
    check(database, drained=False)


def test_a_cancelled_job_is_not_run_and_a_requeued_one_is(stage):
    stage.begin()
    request_id = stage.submit()
    chain.relay()
    with transaction() as session:
        assert job_rows.cancel(session, stage.tenant.id, request_id)
    assert chain.work() == 1
    assert jobs.state(request_id) == (Status.CANCELLED, 0)
    with transaction() as session:
        assert job_rows.requeue(session, stage.tenant.id, request_id)
    chain.recover()
    assert jobs.state(request_id) == (Status.COMPLETED, 1)
    stage.check()


def test_a_requeued_failure_has_all_its_attempts_again(database, organization):
    job_id, _ = bring(organization.id, Status.FAILED)
    apply("requeue", organization.id, job_id, uuid.uuid4())
    assert jobs.state(job_id) == (Status.PENDING, 0)
    check(database, drained=False)


def test_a_kind_has_one_handler():
    with pytest.raises(ValueError, match="two kinds are called"):
        register("invoice.generate")(lambda *_: None)


def test_a_plain_handler_gets_its_job_alone(database, organization):
    seen = []
    kind = replace(jobs.find(jobs.KIND), name="probe", group=1, handler=lambda _, claimed: [seen.extend(claimed) or {}])
    ids = [owe(organization.id) for _ in range(2)]
    run_jobs(kind, ids)
    assert [job.id for job in seen] == ids[:1]


def swept(*groups: tuple[str, str, list[int]]) -> list[int]:
    """Return the group limits of jobs that dead workers, each named with a kind, had in groups."""
    for worker, kind, ids in groups:
        with transaction() as session:
            assert len(job_rows.claim(session, kind, ids, uuid.uuid4(), 60, worker)) == len(ids)
    chain.time_passes()
    with transaction() as session:
        job_rows.sweep(session)
    return [group_limit for (group_limit,) in chain.rows("SELECT group_limit FROM outbox ORDER BY job_id")]


def test_the_last_attempt_of_a_swept_job_is_made_alone(database, organization):
    ids = [owe(organization.id, max_attempts=most) for most in (2, 3, 3, 3)]
    assert swept(("one", "probe", ids)) == [1, 2, 2, 2]


def test_what_was_not_together_is_not_counted_together_when_it_is_swept(database, organization):
    ids = [owe(organization.id) for _ in range(9)]
    others = [owe(organization.id, "other") for _ in range(5)]
    assert swept(("one", "probe", ids[:4]), ("two", "probe", ids[4:]), ("one", "other", others)) == [2] * 14


def test_a_group_that_is_handed_back_is_divided(database, organization):
    def refused(context: Context, _: Any) -> None:
        context.session.execute(text(TRANSIENT["deadlock"]))

    run_jobs(replace(jobs.find(jobs.KIND), name="probe", handler=refused), [owe(organization.id) for _ in range(9)])
    assert chain.rows("SELECT DISTINCT group_limit FROM outbox") == [(3,)]


def test_what_a_delivery_takes_is_measured_with_its_claim_and_its_completion(database, organization, monkeypatch):
    def slowly(session: Session, verb: Callable[..., Any], *given: Any) -> Any:
        session.execute(text("SELECT pg_sleep(0.1)"))
        return verb(session, *given)

    for name in ("claim", "complete"):
        verb = getattr(job_rows, name)
        monkeypatch.setattr(job_rows, name, lambda session, *given, verb=verb: slowly(session, verb, *given))
    run_jobs(replace(jobs.find(jobs.KIND), name="probe", handler=lambda *_: [{}]), [owe(organization.id)])
    assert chain.value("SELECT run_seconds FROM run_statistics") >= 0.2


def aged(organization_id: int, status: Status, days: int) -> int:
    """Return a job that ended so many days ago."""
    job_id, _ = bring(organization_id, status)
    chain.ask("UPDATE jobs SET completed_at = now() - %s * interval '1 day' WHERE id = %s", days, job_id)
    return job_id


def test_the_cleanup_deletes_what_is_old_and_finished_and_nothing_else(database, organization):
    ended = {Status.COMPLETED: (89, 91), Status.CANCELLED: (89, 91), Status.FAILED: (364, 366)}
    kept = [bring(organization.id, Status.PENDING)[0]]
    for status, (young, old) in ended.items():
        kept.append(aged(organization.id, status, young))
        aged(organization.id, status, old)
    keep = "INSERT INTO idempotency_keys VALUES (%s, %s, '', 201, '{}', now() - %s * interval '1 hour')"
    for key, hours in (("old", 25), ("young", 23)):
        chain.ask(keep, organization.id, key, hours)
    cleanup()
    assert chain.rows("SELECT id FROM jobs ORDER BY id") == [(job_id,) for job_id in kept]
    assert chain.rows("SELECT key FROM idempotency_keys") == [("young",)]


def test_an_invoice_outlives_the_job_it_came_from(stage):
    chain.ask("UPDATE jobs SET completed_at = now() - interval '91 days'")
    cleanup()
    assert chain.value("SELECT count(*) FROM jobs") == 0
    assert chain.value("SELECT count(*) FROM invoices") == 1
    check(stage.database)


def held_while(first: Callable[[Session], Any], second: Callable[[Session], Any]) -> Future[Any]:
    """Do `first` and, before it commits, `second` on another connection; return what became of that."""
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            first(session)
            racing = pool.submit(in_transaction, second)
            wait_until(lambda: racing.done() or chain.value(invoices.WAITING) == 1)
        return racing


def in_transaction(move: Callable[[Session], Any]) -> Any:
    with transaction() as session:
        return move(session)


def test_a_cancel_that_races_a_claim_asks_the_worker(database, organization):
    job_id, token = owe(organization.id), uuid.uuid4()
    racing = held_while(
        lambda session: job_rows.claim(session, "probe", [job_id], token, lease=60),
        lambda session: job_rows.cancel(session, organization.id, job_id),
    )
    assert racing.result() == Status.PROCESSING
    with transaction() as session:
        assert job_rows.checkpoint(session, token, job_id, 0, 1, lease=60).status == Status.CANCELLED
    check(database)


def test_a_claim_that_races_a_cancel_finds_nothing(database, organization):
    job_id = owe(organization.id)
    racing = held_while(
        lambda session: job_rows.cancel(session, organization.id, job_id),
        lambda session: job_rows.claim(session, "probe", [job_id], uuid.uuid4(), lease=60),
    )
    assert racing.result() == []
    assert jobs.state(job_id) == (Status.CANCELLED, 0)
    check(database)


def test_a_cancel_that_races_the_completion_comes_too_late(database, organization):
    job_id, token = bring(organization.id, Status.PROCESSING)
    racing = held_while(
        lambda session: job_rows.complete(session, token, {job_id: {}}),
        lambda session: job_rows.cancel(session, organization.id, job_id),
    )
    assert racing.result() is None
    assert jobs.state(job_id) == (Status.COMPLETED, 1)
    check(database)

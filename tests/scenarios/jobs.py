"""Scenarios of claiming, running and ending jobs."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import text

import settings
from counterfoil.crashkit.fuse import killed_at
from db import jobs as job_rows
from db import outbox
from db.jobs import ClaimedJob, Failure, LeaseLost
from db.transaction import transaction
from domain.invoices.intake import KIND
from domain.jobs.dispatch.grouping import coalesce
from domain.jobs.execution import run_jobs
from domain.jobs.lanes import LANES
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind, find
from domain.jobs.work import Context, Outcome
from tests import chain
from tests.crash.parts import CLAIMED, MISSING_CLIENT
from tests.stage import Stage
from tests.tenant import new_supplier

STATE = "SELECT status, attempts FROM jobs WHERE id = %s"
INVOICES = "SELECT count(*) FROM invoices WHERE job_id = %s"
INCIDENTS = "SELECT coalesce(sum(count), 0) FROM incidents WHERE name = %s"
TWO_HOURS = 7200


def state(request_id: int) -> tuple[str, int]:
    return chain.rows(STATE, request_id)[0]


def incidents(name: str) -> int:
    return chain.value(INCIDENTS, name)


def claim(request_id: int, token: UUID) -> ClaimedJob:
    with transaction() as session:
        [job] = job_rows.claim(session, KIND, [request_id], token, settings.current().lease)
    return job


def group_limits(ids: Sequence[int]) -> set[int]:
    """Return how many of the waiting jobs may travel together."""
    limited = "SELECT group_limit FROM outbox WHERE job_id = ANY(%s) AND group_limit IS NOT NULL"
    return {limit for (limit,) in chain.rows(limited, ids)}


def finish(job: ClaimedJob, token: UUID) -> None:
    """Do a claimed job's work and complete it."""
    with transaction() as session:
        [result] = find(KIND).handler(Context().within(session), [job])
        job_rows.complete(session, token, {job.id: result})


def interrupted(by: Callable[[], object]) -> Kind:
    """Return the kind whose first run is interrupted before it does anything."""
    waiting = [by]

    def handler(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
        if waiting:
            waiting.pop()()
        return find(KIND).handler(context, jobs)

    return replace(find(KIND), handler=handler)


def deliver_all(kind: Kind) -> None:
    """Deliver what is due, packed as the relay packs it, until nothing is left."""
    for _ in range(2 * kind.max_attempts):
        chain.time_passes()
        with transaction() as session:
            turns = [outbox.Turn(one.stream, one.due_at, 2000) for one in outbox.waiting(session, LANES)]
            entries = outbox.lease(session, turns, settings.current().redelivery_interval) if turns else []
        for group in coalesce(entries, lambda name: kind.group if name == kind.name else find(name).group):
            run_jobs(kind if group.kind == kind.name else find(group.kind), group.job_ids)
    assert chain.value(chain.UNFINISHED) == 0, "some jobs never end"


@contextmanager
def clock_off(seconds: float) -> Iterator[None]:
    """Run this process under a clock that is wrong."""
    right = time.time
    time.time = lambda: right() + seconds
    try:
        yield
    finally:
        time.time = right


def a_zombie_commits_nothing_while_its_successor_works(stage: Stage) -> None:
    stage.begin()
    request_id, token = stage.submit(), uuid4()
    successors: list[ClaimedJob] = []

    def outlive_the_lease() -> None:
        chain.time_passes()
        chain.sweeper()
        successors.append(claim(request_id, token))

    run_jobs(interrupted(outlive_the_lease), [request_id])
    assert state(request_id) == (Status.PROCESSING, 2), "the zombie moved a job that was its successor's"
    assert chain.value(INVOICES, request_id) == 0, "the zombie left an invoice behind"
    assert incidents("lease_lost") == 1, "the refusal was not counted"
    finish(successors[0], token)
    stage.check()


def a_zombie_commits_nothing_after_its_successor_completed(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()

    def outlive_the_lease() -> None:
        chain.time_passes()
        chain.sweeper()
        run_jobs(find(KIND), [request_id])

    run_jobs(interrupted(outlive_the_lease), [request_id])
    assert state(request_id) == (Status.COMPLETED, 2)
    assert incidents("lease_lost") == 1, "the refusal was not counted"
    stage.check()


def a_zombie_neither_fails_nor_releases(stage: Stage) -> None:
    stage.begin()
    request_id, stale, token = stage.submit(), uuid4(), uuid4()
    claim(request_id, stale)
    chain.time_passes()
    chain.sweeper()
    successor = claim(request_id, token)
    for verb, delay in (("failed", None), ("retried", 0.0)):
        with suppress(LeaseLost), transaction() as session:
            job_rows.set_aside(session, stale, [Failure(request_id, "too late", delay)])
        assert state(request_id) == (Status.PROCESSING, 2), f"a zombie {verb} its successor's job"
    with transaction() as session:
        job_rows.release(session, stale, [request_id], delay=0, group_limit=None)
    assert state(request_id) == (Status.PROCESSING, 2), "a zombie released its successor's job"
    finish(successor, token)
    stage.check()


def a_claim_waits_for_nobody(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()
    with transaction() as first, transaction() as second:
        second.execute(text("SET LOCAL lock_timeout = '300ms'"))
        assert job_rows.claim(first, KIND, [request_id], uuid4(), settings.current().lease)
        assert not job_rows.claim(second, KIND, [request_id], uuid4(), settings.current().lease)
    chain.time_passes()
    chain.recover()
    stage.check()


def doubled_and_reordered_messages_do_the_work_once(stage: Stage) -> None:
    stage.begin()
    ids = stage.accept_group([stage.tenant.request(f"{stage.name} {n}") for n in range(4)])
    run_jobs(interrupted(lambda: run_jobs(find(KIND), ids)), ids[2:])
    for order in (ids, ids[::-1], ids[1:3], ids + ids):
        run_jobs(find(KIND), order)
    assert {state(request_id) for request_id in ids} == {(Status.COMPLETED, 1)}, "a doubled message claimed once more"
    stage.check()


def a_job_that_kills_its_worker_ends_failed(stage: Stage) -> None:
    stage.begin()
    request_id, most = stage.submit(), find(KIND).max_attempts
    for _ in range(most + 1):
        chain.relay()
        killed_at(CLAIMED, chain.work_once)
        chain.time_passes()
        chain.sweeper()
    assert state(request_id) == (Status.FAILED, most), "a job that kills its worker must end"
    stage.check()


def a_lease_runs_by_the_clock_of_the_database(stage: Stage) -> None:
    for seconds in (-TWO_HOURS, TWO_HOURS):
        stage.begin()
        request_id, token = stage.submit(), uuid4()
        with clock_off(seconds):
            job = claim(request_id, token)
        left = chain.value(
            "SELECT extract(epoch FROM lease_expires_at - clock_timestamp()) FROM jobs WHERE id = %s", request_id
        )
        assert 0 < left <= settings.current().lease, f"a clock {seconds} s off made a lease of {left} s"
        chain.sweeper()
        assert state(request_id) == (Status.PROCESSING, 1), "a healthy job was swept"
        finish(job, token)
    stage.check()


def a_permanent_failure_spoils_no_neighbour(stage: Stage) -> None:
    stage.begin()
    ids = stage.accept_group([stage.tenant.request(client=c) for c in (MISSING_CLIENT, {"id": 1}, MISSING_CLIENT)])
    run_jobs(find(KIND), ids)
    assert [state(request_id) for request_id in ids] == [
        (Status.FAILED, 1),
        (Status.COMPLETED, 1),
        (Status.FAILED, 1),
    ]
    assert chain.rows("SELECT DISTINCT error FROM jobs WHERE status = 'FAILED'") == [("client not found",)]
    stage.check()


def an_unexpected_error_fails_only_its_culprit(stage: Stage) -> None:
    stage.begin()
    ids = stage.accept_group([stage.tenant.request(f"{stage.name} {n}") for n in range(49)])
    culprit = ids.pop(30)
    sizes: list[int] = []

    def fragile(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
        sizes.append(len(jobs))
        if any(job.id == culprit for job in jobs):
            raise ValueError("this one breaks the handler")
        return find(KIND).handler(context, jobs)

    kind = replace(find(KIND), handler=fragile)
    deliver_all(kind)
    assert {state(request_id) for request_id in ids} == {(Status.COMPLETED, 1)}
    assert state(culprit) == (Status.FAILED, kind.max_attempts)
    neighbours = 2  # the other one of its pair, and the last of its seven
    assert Counter(sizes) == {49: 1, 7: 7, 2: 3, 1: neighbours + kind.max_attempts}, "not divided by roots"
    stage.check()


def what_a_dead_worker_had_goes_on_in_smaller_groups_and_then_job_by_job(stage: Stage) -> None:
    stage.begin()
    ids = stage.accept_group([stage.tenant.request(f"{stage.name} {n}") for n in range(9)])

    def die_with(ids: Sequence[int]) -> None:
        with transaction() as session:
            assert len(job_rows.claim(session, KIND, ids, uuid4(), settings.current().lease)) == len(ids)
        chain.time_passes()
        chain.sweeper()

    die_with(ids)
    assert group_limits(ids) == {3}, "they would all go down together again"
    die_with(ids[:4])
    assert group_limits(ids[:4]) == {1}, "they would go down together again"
    chain.recover()
    assert {state(request_id) for request_id in ids[:4]} == {(Status.COMPLETED, 3)}
    stage.check()


def a_lock_that_is_held_too_long_uses_up_no_attempt(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()

    def impatient(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
        context.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        return find(KIND).handler(context, jobs)

    with transaction() as holder:
        holder.execute(text("SELECT FROM number_series FOR UPDATE")).all()
        run_jobs(replace(find(KIND), handler=impatient), [request_id])
        assert state(request_id) == (Status.PENDING, 0), "the lock was none of the job's doing"
    chain.recover()
    assert state(request_id) == (Status.COMPLETED, 1)
    stage.check()


def a_waiting_job_without_an_entry_gets_one_back(stage: Stage) -> None:
    stage.begin()
    chain.ask("DELETE FROM outbox WHERE job_id = %s", stage.submit())
    chain.recover()
    stage.check()


ORPHAN = """INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key)
            SELECT id, organization_id, kind, lane, priority, group_key FROM jobs WHERE id = %s"""


def an_entry_left_beside_a_running_job_stops_no_sweep(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()
    claim(request_id, uuid4())
    chain.ask(ORPHAN, request_id)
    chain.recover()
    assert state(request_id) == (Status.COMPLETED, 2)
    stage.check()


def an_entry_left_beside_a_finished_job_is_removed(stage: Stage) -> None:
    stage.begin()
    request_id = stage.submit()
    chain.recover()
    chain.ask(ORPHAN, request_id)
    chain.sweeper()
    stage.check()


def a_group_that_waits_for_one_counter_too_long_goes_on_one_by_one(stage: Stage) -> None:
    stage.begin()
    held, free = stage.tenant, new_supplier(stage.tenant)
    ids = stage.accept_group([held.request("Held"), free.request("Free")])

    def impatient(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
        context.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        return find(KIND).handler(context, jobs)

    kind = replace(find(KIND), handler=impatient)
    with transaction() as holder:
        counter = text("SELECT FROM number_series WHERE supplier_id = :id FOR UPDATE")
        holder.execute(counter, {"id": held.supplier_id}).all()
        run_jobs(kind, ids)
        assert group_limits(ids) == {1}, "the group would form again, and wait again"
    chain.recover()
    stage.check()


def another_organization_moves_no_job(stage: Stage, verbs: Sequence[str] = ("cancel", "requeue")) -> None:
    for verb in verbs:
        stage.begin()
        request_id = stage.submit()
        if verb == "requeue":
            with transaction() as session:
                job_rows.cancel(session, stage.tenant.id, request_id)
        before = state(request_id)
        with transaction() as session:
            moved = getattr(job_rows, verb)(session, stage.tenant.id + 1, request_id)
        assert (bool(moved), state(request_id)) == (False, before), f"{verb} reached over to another organization"
    chain.recover()
    stage.check()


SCENARIOS = (
    a_zombie_commits_nothing_while_its_successor_works,
    a_zombie_commits_nothing_after_its_successor_completed,
    a_zombie_neither_fails_nor_releases,
    a_claim_waits_for_nobody,
    doubled_and_reordered_messages_do_the_work_once,
    a_job_that_kills_its_worker_ends_failed,
    a_lease_runs_by_the_clock_of_the_database,
    a_permanent_failure_spoils_no_neighbour,
    an_unexpected_error_fails_only_its_culprit,
    what_a_dead_worker_had_goes_on_in_smaller_groups_and_then_job_by_job,
    a_lock_that_is_held_too_long_uses_up_no_attempt,
    a_waiting_job_without_an_entry_gets_one_back,
    an_entry_left_beside_a_running_job_stops_no_sweep,
    an_entry_left_beside_a_finished_job_is_removed,
    a_group_that_waits_for_one_counter_too_long_goes_on_one_by_one,
    another_organization_moves_no_job,
)

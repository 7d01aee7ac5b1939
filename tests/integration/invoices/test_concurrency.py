"""Many at once, by every way in: the numbers are 1 to n, nobody waits for ever and nothing is done twice."""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from api.http.shares import EXTENSION, RequestShares
from db.engine import engine
from db.transaction import transaction
from domain.invoices.request import InvoiceRequest
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.jobs.submission import enqueue
from tests import chain
from tests.caller import application
from tests.checker import Accepted, check, watch
from tests.scenarios.invoices import WAITING
from tests.tenant import Tenant, new_supplier
from tests.waiting import wait_until, wait_until_answered

REQUESTS, CALLERS, WORKERS = 200, 8, 3
KIND = find("invoice.generate")
COUNTER = text("SELECT FROM number_series WHERE supplier_id = :id FOR UPDATE")
CLIENT = text(
    "INSERT INTO clients (organization_id, name, address_line1, city, country, tax_id, tax_key)"
    " VALUES (:id, :name, '1 Main Street', 'Sofia', 'BG', 'T-' || :name, 'T' || :name)"
)
ISSUED = "SELECT count(*) FROM invoices"


@contextmanager
def workers(count: int, until: int) -> Iterator[None]:
    """Run `count` worker processes until so many invoices are there, or the database is gone."""
    engine().dispose()
    children = [_worker(until) for _ in range(count)]
    yield
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * count, "a worker broke"


def _worker(until: int) -> int:
    if child := os.fork():
        return child
    status = 1
    try:
        wait_until(lambda: chain.work() < 0 or chain.value(ISSUED) >= until, timeout=60)
        status = 0
    finally:
        os._exit(status)


def ask(tenant: Tenant, number: int) -> int | None:
    """Have an invoice issued while we wait, or queued, turn and turn about; return the id of a queued request."""
    if number % 2:
        return chain.submit(tenant, f"Client {number % 20}", f"{number}")
    body = chain.body(tenant.request(f"Client {number % 20}"))
    # On a slow machine a group holds the counter for longer than a caller waits, who is told to come again.
    answer = wait_until_answered(lambda: chain.post(tenant, chain.GENERATE, body, f"{number}"))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return None


def refused(asked: list[Future[int | None]]) -> bool:
    return any(call.done() and call.exception() for call in asked)


def owe(requests: list[InvoiceRequest]) -> list[int]:
    with transaction() as session:
        payloads = [("", request.payload()) for request in requests]
        return enqueue(session, requests[0].organization_id, KIND.name, payloads)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The callers need not share the slots with who asked before, nor the last one, which is kept for a newcomer."""
    monkeypatch.setitem(application().extensions, EXTENSION, RequestShares(CALLERS + 1))


def test_two_hundred_at_once_for_one_supplier_get_one_to_two_hundred(database, lanes, alone, organization):
    watch(database)
    with workers(WORKERS, until=REQUESTS), ThreadPoolExecutor(CALLERS) as callers:
        asked = [callers.submit(ask, organization, number) for number in range(REQUESTS)]
        wait_until(lambda: chain.relay() < 0 or refused(asked) or chain.value(ISSUED) >= REQUESTS, timeout=60)
    accepted = [Accepted(organization.id, i) for i in (future.result() for future in asked) if i]
    assert chain.rows("SELECT array_agg(number ORDER BY number) FROM invoices")[0][0] == [*range(1, REQUESTS + 1)]
    assert chain.value("SELECT count(*) FROM clients") == 20
    chain.keep_books()
    check(database, accepted)


def test_one_key_from_many_at_once_is_one_request(database, alone, organization):
    body = chain.body(organization.request())

    def submit(_: int) -> tuple[int, int | None]:
        answer = chain.post(organization, chain.REQUESTS, body, "the key")
        return answer.status_code, answer.json.get("requestId")

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = set(callers.map(submit, range(50)))
    [(job_id,)] = chain.rows("SELECT id FROM jobs")
    assert {(201, job_id)} <= answers <= {(201, job_id), (409, None)}
    check(database, [Accepted(organization.id, job_id, "the key")], drained=False)


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "in opposite order"])
def test_counters_are_locked_in_one_order_so_that_groups_never_deadlock(database, organization, step):
    first, second = sorted([organization, new_supplier(organization)], key=lambda tenant: tenant.supplier_id)
    ids = owe([first.request("A"), second.request("B")][::step])
    with ThreadPoolExecutor(1) as pool:
        with transaction() as holder:
            holder.execute(COUNTER, {"id": first.supplier_id})
            delivery = pool.submit(run_jobs, KIND, ids)
            wait_until(lambda: chain.value(WAITING), message="the group did not wait for the counter")
            chain.ask("SELECT FROM number_series WHERE supplier_id = %s FOR UPDATE NOWAIT", second.supplier_id)
        delivery.result()
    chain.keep_books()
    check(database, [Accepted(organization.id, job_id) for job_id in ids])


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "in opposite order"])
def test_new_clients_are_created_in_one_order_and_the_loser_of_a_race_adopts_the_winners(database, organization, step):
    ids = owe([organization.request("A"), organization.request("B")][::step])
    with ThreadPoolExecutor(1) as pool:
        with transaction() as winner:
            winner.execute(CLIENT, {"id": organization.id, "name": "A"})
            delivery = pool.submit(run_jobs, KIND, ids)
            wait_until(lambda: chain.value(WAITING), message="the group did not wait for the same client")
            with transaction() as third:
                third.execute(text("SET LOCAL lock_timeout = '300ms'"))
                third.execute(CLIENT, {"id": organization.id, "name": "B"})
        delivery.result()
    chain.time_passes()
    run_jobs(KIND, ids)
    chain.keep_books()
    assert chain.value("SELECT count(*) FROM clients") == 2
    assert chain.rows("SELECT DISTINCT status, attempts FROM jobs") == [("COMPLETED", 1)]
    check(database, [Accepted(organization.id, job_id) for job_id in ids])


def test_a_commit_that_comes_late_is_not_skipped(database, lanes, organization):
    with transaction() as slow:
        [early] = enqueue(slow, organization.id, "invoice.generate", [("", organization.request().payload())])
        with transaction() as quick:
            [late] = enqueue(quick, organization.id, "invoice.generate", [("", organization.request().payload())])
        assert early < late
        assert chain.relay() == 1
    assert chain.relay() == 1
    assert chain.work() == 2
    chain.keep_books()
    check(database, [Accepted(organization.id, early), Accepted(organization.id, late)])


def test_a_supplier_whose_counter_is_held_keeps_no_other_waiting(database, organization):
    other = new_supplier(organization)
    with transaction() as holder:
        holder.execute(COUNTER, {"id": organization.supplier_id})
        [job_id] = owe([other.request()])
        run_jobs(KIND, [job_id])
        assert chain.value("SELECT status FROM jobs WHERE id = %s", job_id) == "COMPLETED"
    chain.keep_books()
    check(database)

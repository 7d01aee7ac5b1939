"""Asks that come while a statement runs share the next one."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import starmap

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from api.http.group_commit import GroupCommit
from api.invoices import requests
from db.engine import url
from db.transaction import statement
from domain.jobs.admission import Admission
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.tenant import Tenant
from tests.waiting import wait_until

REQUESTS = "/api/v1/invoice-requests"
ENQUEUED = "INSERT INTO open_jobs"
WAITING = """SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
             WHERE NOT granted AND datname = current_database()"""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
HOLD = "SELECT pg_advisory_xact_lock(1)"
INVERSES = text("SELECT 6 / n, pg_advisory_xact_lock_shared(1) FROM unnest(CAST(:all AS integer[])) AS n")


@pytest.fixture
def asked() -> list[list[int]]:
    return []


@pytest.fixture
def sixths(database: str, asked: list[list[int]]) -> GroupCommit[int, int]:
    """Six divided by what is asked, all of a group in one statement, while nobody holds the lock."""

    @GroupCommit
    def divide(all: Sequence[int]) -> list[int]:
        asked.append(list(all))
        with statement() as session:
            return [row[0] for row in session.execute(INVERSES, {"all": all})]

    return divide


@contextmanager
def together(
    lock: str, group: GroupCommit, first: Callable[[], object], *others: Callable[[], object]
) -> Iterator[list[Future]]:
    """Ask `first`, hold it up by `lock`, and have `others` come meanwhile; the block begins when all wait."""
    with ThreadPoolExecutor(1 + len(others)) as pool, psycopg.connect(url()) as holder:
        holder.execute(lock)
        futures = [pool.submit(first)]
        wait_until(lambda: chain.value(WAITING) == 1)
        futures += [pool.submit(other) for other in others]
        wait_until(lambda: len(group._waiting) == len(others))
        yield futures


def test_the_first_goes_at_once_and_who_comes_meanwhile_goes_together(sixths, asked):
    with together(HOLD, sixths, lambda: sixths(1), lambda: sixths(2), lambda: sixths(3), lambda: sixths(6)) as futures:
        assert asked == [[1]]
    assert [future.result() for future in futures] == [6, 3, 2, 1]
    assert [sorted(all) for all in asked] == [[1], [2, 3, 6]]
    assert sixths(1) == 6


def test_what_the_server_refuses_is_refused_to_the_one_it_belongs_to(sixths, asked):
    with together(HOLD, sixths, lambda: sixths(1), lambda: sixths(2), lambda: sixths(0)) as futures:
        pass
    assert [future.result() for future in futures[:2]] == [6, 3]
    with pytest.raises(DBAPIError, match="division by zero"):
        futures[2].result()
    assert sorted(map(sorted, asked)) == [[0], [0, 2], [1], [2]]


def test_an_unknown_outcome_is_everybodys_and_nobody_is_asked_for_again(sixths, asked):
    with together(HOLD, sixths, lambda: sixths(1), lambda: sixths(2), lambda: sixths(3)) as futures:
        chain.ask(CUT)
        wait_until(lambda: futures[0].done() and chain.value(WAITING) == 1)
        chain.ask(CUT)
        wait_until(lambda: all(future.done() for future in futures))
    assert [type(future.exception()).__name__ for future in futures] == ["OperationalError"] * 3
    assert [sorted(all) for all in asked] == [[1], [2, 3]]


def test_answers_that_are_too_few_are_an_error_and_the_next_is_asked_for(database):
    few: GroupCommit[int, int] = GroupCommit(lambda all: list(all)[:-1] if 0 in all else all)
    with pytest.raises(ValueError, match="shorter"):
        few(0)
    assert few(1) == 1


def test_who_counts_what_waits_keeps_no_other_waiting(client: Caller, organization: Tenant, monkeypatch) -> None:
    monkeypatch.setattr(requests, "admission", Admission())
    configure(max_backlog_per_organization=0)  # so that what the organization has is counted
    with ThreadPoolExecutor(1) as pool, psycopg.connect(url()) as holder:
        holder.execute("LOCK TABLE outbox")
        accepted = pool.submit(client.post, REQUESTS, bodies.invoice(organization.supplier_id))
        wait_until(lambda: chain.value(WAITING) == 1)
        busy = requests._accept._busy
        holder.rollback()
    assert not busy
    assert accepted.result().status_code == 429


def test_requests_of_several_organizations_are_accepted_in_one_statement(
    client: Caller, stranger: Caller, organization: Tenant, other_organization: Tenant, statements: list[str]
) -> None:
    def post(caller: Caller, supplier_id: int) -> Callable[[], TestResponse]:
        return lambda: caller.post(REQUESTS, bodies.invoice(supplier_id))

    ours, theirs = organization.supplier_id, other_organization.supplier_id
    asks = [(client, ours), (client, ours), (stranger, theirs), (client, ours), (client, theirs), (stranger, 10**9)]
    statements.clear()
    with together("LOCK TABLE open_jobs IN SHARE MODE", requests._accept, *starmap(post, asks)) as futures:
        pass
    answers = [future.result() for future in futures]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 201, 400, 400]
    assert sum(ENQUEUED in sent for sent in statements) == 2
    for tenant, of_tenant in ((organization, (0, 1, 3)), (other_organization, (2,))):
        jobs = chain.rows("SELECT id FROM jobs WHERE organization_id = %s", tenant.id)
        assert {job_id for (job_id,) in jobs} == {answers[n].json["requestId"] for n in of_tenant}

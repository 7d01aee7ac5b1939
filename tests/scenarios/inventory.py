"""Scenarios of stock and of the documents that move it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.errors import CheckViolation
from sqlalchemy.exc import IntegrityError

from db import jobs as job_rows
from db.transaction import transaction
from domain.inventory import stock
from domain.inventory.lines import MovedLine
from domain.inventory.steps import SEND
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.jobs.submission import enqueue
from tests import chain
from tests.caller import Caller
from tests.scenarios.invoices import WAITING
from tests.scenarios.jobs import state
from tests.stage import Stage
from tests.tenant import new_tenant
from tests.waiting import wait_until
from tests.warehouse import moved, stocked

HOLD_STOCK = "SELECT FROM stock WHERE (location_id, product_id) = (%s, %s) FOR UPDATE"
HOLD_TRANSFER = "SELECT FROM transfers WHERE id = %s FOR UPDATE"


@contextmanager
def two_at_once(stage: Stage, calls: list[Callable[[], Any]], hold: str, *row: int) -> Iterator[list[Future[Any]]]:
    """Make the calls while their way is barred, and let them go once both wait; yield what becomes of them."""
    with psycopg.connect(stage.database) as holder, ThreadPoolExecutor(2) as pool:
        holder.execute(hold, row)
        futures = [pool.submit(call) for call in calls]
        wait_until(lambda: chain.value(WAITING) == 2, message="they did not come to wait for each other")
        holder.rollback()
        yield futures


def run(job_id: int) -> None:
    run_jobs(find(kind_of(job_id)), [job_id])


def kind_of(job_id: int) -> str:
    return chain.value("SELECT kind FROM jobs WHERE id = %s", job_id)


def exhaust(job_id: int) -> None:
    """Let a job fail as one does whose worker dies at each attempt."""
    while state(job_id)[0] != "FAILED":
        with transaction() as session:
            assert job_rows.claim(session, kind_of(job_id), [job_id], uuid4(), 3600)
        chain.time_passes()
        chain.sweeper()


def two_sales_of_the_last_piece(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 1)
    keys = [{"Idempotency-Key": key} for key in ("one", "two")]
    sell = [lambda key=key: warehouse.caller.post("/api/v1/sales", warehouse.sale_body(1), headers=key) for key in keys]
    with two_at_once(stage, sell, HOLD_STOCK, warehouse.here, warehouse.products[0]) as answers:
        sold, refused = sorted((answer.result() for answer in answers), key=lambda answer: answer.status_code)
    assert (sold.status_code, refused.status_code) == (201, 409), "one sells, the other is refused"
    assert refused.json["error"] == "line 1: product SKU-1: 1 asked for, 0 available"
    assert chain.rows("SELECT status FROM sales ORDER BY 1") == [("completed",)], "a refused sale was written"
    assert sorted(call().status_code for call in sell) == [201, 409]
    bought = warehouse.caller.post("/api/v1/purchases", warehouse.purchase_body(5)).json
    assert warehouse.caller.post(f"/api/v1/purchases/{bought['id']}/approve").json["status"] == "approved"
    assert [call().status_code for call in sell] == [201, 201], "what was refused may be asked for again"
    assert warehouse.stock(warehouse.here) == [4]
    stage.check()


def two_transfers_of_the_last_piece(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 1)
    paths = [f"/api/v1/transfers/{warehouse.transfer(1)}/send-async" for _ in range(2)]
    send = [lambda path=path: warehouse.caller.post(path) for path in paths]
    with two_at_once(stage, send, HOLD_STOCK, warehouse.here, warehouse.products[0]) as answers:
        statuses = sorted(answer.result().status_code for answer in answers)
    assert statuses == [202, 409], "one is accepted, the other is refused"
    chain.recover()
    stage.check()


def a_transfer_sent_twice_at_once_is_one_job(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 5)
    transfer_id = warehouse.transfer(1)
    send = [lambda: warehouse.caller.post(f"/api/v1/transfers/{transfer_id}/send-async")] * 2
    with two_at_once(stage, send, HOLD_TRANSFER, transfer_id) as answers:
        first, second = sorted((answer.result() for answer in answers), key=lambda answer: answer.status_code)
    assert (first.status_code, second.status_code) == (202, 409), "two jobs are at one transfer"
    assert second.json["jobId"] == first.json["jobId"]
    chain.recover()
    assert (moved("transfer", transfer_id, "send"), warehouse.stock(warehouse.here)) == ([1], [4])
    stage.check()


def goods_arrive_only_when_their_transfer_was_sent(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 5)
    transfer_id = warehouse.transfer(1)
    answer = warehouse.caller.post(f"/api/v1/transfers/{transfer_id}/complete-async")
    assert answer.status_code == 409, "goods arrive that were never sent"
    assert answer.json["documentStatus"] == "draft"
    stage.check()


def two_jobs_of_one_transfer_move_each_line_once(stage: Stage) -> None:
    """A failed job is retried while the one submitted after it is at work."""
    warehouse = stocked(stage.tenant, 30)
    transfer_id = warehouse.transfer(*[1] * 25)
    job_id = warehouse.submit("transfer.send", transferId=transfer_id)
    with transaction() as session:
        [other_id] = enqueue(session, stage.tenant.id, SEND.kind, [("", {"transferId": transfer_id})], total=25)
    work = [lambda one=one: run(one) for one in (job_id, other_id)]
    with two_at_once(stage, work, HOLD_TRANSFER, transfer_id) as done:
        [one.result() for one in done]
    assert state(job_id) == ("COMPLETED", 1), "they got into each other's way"
    assert state(other_id)[0] in ("COMPLETED", "FAILED")
    assert (moved("transfer", transfer_id, "send"), warehouse.stock(warehouse.here)) == ([*range(1, 26)], [5])
    stage.check()


def two_transfers_in_opposite_order_do_not_deadlock(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 9, 9, 9)
    jobs = []
    for lines in (warehouse.lines(1, 1, 1), warehouse.lines(1, 1, 1)[::-1]):
        body = {"fromLocationId": warehouse.here, "toLocationId": warehouse.there, "lines": lines}
        transfer_id = warehouse.caller.post("/api/v1/transfers", body).json["id"]
        jobs.append(warehouse.submit("transfer.send", transferId=transfer_id))
    work = [lambda job_id=job_id: run(job_id) for job_id in jobs]
    with two_at_once(stage, work, HOLD_STOCK, warehouse.here, warehouse.products[1]) as done:
        [one.result() for one in done]
    assert [state(job_id) for job_id in jobs] == [("COMPLETED", 1)] * 2, "they waited in a circle"
    assert warehouse.stock(warehouse.here) == [7, 7, 7]
    stage.check()


def a_new_job_goes_on_where_a_failed_one_stopped(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 300)
    transfer_id = warehouse.transfer(*[1] * 25)
    job_id = warehouse.submit("transfer.send", transferId=transfer_id)
    run_jobs(find(SEND.kind), [job_id], seconds=0)
    assert moved("transfer", transfer_id, "send") == [*range(1, 11)]
    exhaust(job_id)
    job_id = warehouse.submit("transfer.send", transferId=transfer_id)
    run_jobs(find(SEND.kind), [job_id], seconds=0)
    assert chain.rows("SELECT progress, total FROM jobs WHERE id = %s", job_id) == [(20, 25)], (
        "it began with what had moved"
    )
    run(job_id)
    assert moved("transfer", transfer_id, "send") == [*range(1, 26)]
    stage.check()


def the_database_refuses_a_second_movement_of_a_line(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 5)
    transfer_id = warehouse.transfer(1)
    warehouse.caller.post(f"/api/v1/transfers/{transfer_id}/send")
    line = MovedLine(1, warehouse.products[0], "SKU-1", warehouse.stock(warehouse.here)[0])
    origin = {"document_type": "transfer", "document_id": transfer_id, "step": "send"}
    try:
        with transaction() as session:
            stock.take(session, stage.tenant.id, warehouse.here, [line], **origin)
        raise AssertionError("a line moved twice")
    except IntegrityError:
        stage.check()


def the_database_refuses_stock_below_zero(stage: Stage) -> None:
    stocked(stage.tenant, 5)
    try:
        chain.ask("UPDATE stock SET quantity = -1")
        raise AssertionError("stock is below zero")
    except CheckViolation:
        stage.check()


def a_shortage_is_refused_before_anything_is_written(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 5)
    answer = warehouse.caller.post("/api/v1/sales", warehouse.sale_body(6), headers={"Prefer": "respond-async"})
    assert answer.status_code == 409, "a sale of what is not there was accepted"
    assert chain.value("SELECT count(*) FROM sales") == 0
    stage.check()


def another_organization_sees_and_moves_nothing(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 5)
    transfer_id = warehouse.transfer(1)
    stranger = new_tenant("Stranger")
    for path in (
        f"/api/v1/transfers/{transfer_id}",
        f"/api/v1/products/{warehouse.products[0]}",
        f"/api/v1/locations/{warehouse.here}",
        f"/api/v1/stock?locationId={warehouse.here}",
    ):
        assert warehouse.caller.get(path).status_code == 200
        assert Caller(stranger.key).get(path).status_code == 404, f"shown to another organization: {path}"
    body = warehouse.transfer_body(1)
    assert Caller(stranger.key).post("/api/v1/transfers", body).status_code == 400, "a stranger's goods are taken"
    with transaction() as session:
        [job_id] = enqueue(session, stranger.id, SEND.kind, [("", {"transferId": transfer_id})])
    chain.ask("UPDATE transfers SET job_id = %s WHERE id = %s", job_id, transfer_id)
    run(job_id)
    assert moved("transfer", transfer_id, "send") == [], "the job of another organization moved a line"
    assert chain.rows("SELECT status, error FROM jobs WHERE id = %s", job_id) == [("FAILED", "transfer not found")]
    stage.check()


SCENARIOS = (
    two_sales_of_the_last_piece,
    two_transfers_of_the_last_piece,
    a_transfer_sent_twice_at_once_is_one_job,
    goods_arrive_only_when_their_transfer_was_sent,
    two_jobs_of_one_transfer_move_each_line_once,
    two_transfers_in_opposite_order_do_not_deadlock,
    a_new_job_goes_on_where_a_failed_one_stopped,
    the_database_refuses_a_second_movement_of_a_line,
    the_database_refuses_stock_below_zero,
    a_shortage_is_refused_before_anything_is_written,
    another_organization_sees_and_moves_nothing,
)

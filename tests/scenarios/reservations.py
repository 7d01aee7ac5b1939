"""Scenarios of goods that are reserved for a job, and of documents that are left half done, refused and undone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy.exc import OperationalError

from db import jobs as job_rows
from db.engine import owner_url
from db.transaction import transaction
from domain.inventory import movement
from domain.inventory.steps import APPROVE, COMPLETE, POST, SEND, Step
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.jobs.work import ClaimedJob, Context
from tests import chain
from tests.scenarios.inventory import HOLD_TRANSFER, exhaust, run
from tests.scenarios.invoices import WAITING
from tests.scenarios.jobs import state
from tests.stage import Stage
from tests.waiting import wait_until
from tests.warehouse import RESERVED, WORTH, Warehouse, moved, stocked

LINES = 25
STATUS = "SELECT status FROM {}s WHERE id = %s"


def owe(warehouse: Warehouse, step: Step, lines: int = LINES) -> tuple[int, int]:
    """Owe the job of a step with so many lines of one piece; return the document's id and the job's."""
    document_id = getattr(warehouse, step.noun)(*[1] * lines)
    if step is COMPLETE:
        run(warehouse.submit(SEND.kind, transferId=document_id))
    return document_id, warehouse.submit(step.kind, **{step.key: document_id})


def half_done(warehouse: Warehouse, step: Step) -> tuple[int, int]:
    """Owe the job of a step, and let it move ten of its lines."""
    document_id, job_id = owe(warehouse, step)
    run_jobs(find(step.kind), [job_id], seconds=0)
    assert moved(step.noun, document_id, step.name) == [*range(1, 11)]
    return document_id, job_id


def status(step: Step, document_id: int) -> str:
    return chain.value(STATUS.format(step.noun), document_id)


def cancel(warehouse: Warehouse, job_id: int) -> None:
    assert warehouse.caller.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 200


def cancel_at_a_checkpoint(warehouse: Warehouse, job_id: int) -> None:
    """Ask a job that runs to stop, which it does when its next ten lines have moved."""
    with psycopg.connect(owner_url()) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("LOCK TABLE movements IN SHARE MODE")
        worker = pool.submit(run, job_id)
        wait_until(lambda: chain.value(WAITING) == 1, message="the job does not run")
        cancel(warehouse, job_id)
        holder.rollback()
        worker.result()


def requeue(warehouse: Warehouse, job_id: int) -> None:
    assert warehouse.caller.post(f"/api/v1/jobs/{job_id}/retry").status_code == 200


def goods_sold_by_a_job_are_nobody_elses_from_its_acceptance_on(stage: Stage) -> None:
    """The last line's goods cannot go elsewhere meanwhile: a sale is whole or was never accepted."""
    warehouse = stocked(stage.tenant, 12)
    sold = warehouse.caller.post("/api/v1/sales", warehouse.sale_body(*[1] * 12)).json
    [level] = warehouse.caller.get(f"/api/v1/stock?locationId={warehouse.here}").json
    assert (level["quantity"], level["reserved"], level["available"]) == (12, 12, 0), "nothing is reserved"
    draft = warehouse.transfer(1)
    for answer in (
        warehouse.caller.post("/api/v1/sales", warehouse.sale_body(1)),
        warehouse.caller.post(f"/api/v1/transfers/{draft}/send"),
    ):
        assert answer.status_code == 409, "what a job had reserved went elsewhere"
        assert answer.json["error"] == "line 1: product SKU-1: 1 asked for, 0 available"
    run(sold["jobId"])
    assert (state(sold["jobId"])[0], status(POST, sold["saleId"])) == ("COMPLETED", "completed")
    assert chain.value(RESERVED) == 0
    stage.check()


def however_a_job_ends_its_goods_are_available_in_the_same_commit(stage: Stage) -> None:
    ends: tuple[Callable[[Warehouse, int], object], ...] = (
        cancel,
        cancel_at_a_checkpoint,
        lambda _, job_id: exhaust(job_id),
        lambda _, job_id: fail_for_good(job_id),
    )
    for end in ends:
        warehouse = Warehouse(stage.tenant, *restocked(stage))
        for prepare in (owe, half_done):
            _, job_id = prepare(warehouse, SEND)
            assert chain.value(RESERVED) in (25, 15)
            end(warehouse, job_id)
            assert chain.value(RESERVED) == 0, "an ended job keeps its goods"
    chain.recover()
    stage.check(drained=False)


def restocked(stage: Stage) -> tuple[Any, int, int]:
    if chain.value("SELECT count(*) FROM products") == 0:
        stocked(stage.tenant, 400)
    [(product, here)] = chain.rows("SELECT product_id, min(location_id) FROM stock GROUP BY 1 ORDER BY 1 LIMIT 1")
    return [product], here, here + 1


def fail_for_good(job_id: int) -> None:
    """Let a job end by an error that trying again cannot help: its document has another state."""
    chain.ask("UPDATE transfers SET status = 'completed' WHERE job_id = %s", job_id)
    run(job_id)
    assert state(job_id)[0] == "FAILED"
    chain.ask("UPDATE transfers SET status = 'draft' WHERE job_id = %s", job_id)


def a_requeued_job_reserves_anew_or_moves_nothing(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 25)
    transfer_id, job_id = owe(warehouse, SEND)
    cancel(warehouse, job_id)
    assert warehouse.caller.post("/api/v1/sales", warehouse.sale_body(3)).status_code == 201
    requeue(warehouse, job_id)
    run(job_id)
    assert (state(job_id)[0], moved("transfer", transfer_id, "send")) == ("FAILED", []), "half of it moved"
    run(warehouse.submit(APPROVE.kind, purchaseId=warehouse.purchase(3)))
    requeue(warehouse, job_id)
    run(job_id)
    assert (state(job_id)[0], len(moved("transfer", transfer_id, "send"))) == ("COMPLETED", 25)
    stage.check()


def what_a_cancelled_job_left_half_done_is_undone(stage: Stage) -> None:
    for step in (SEND, COMPLETE, POST, APPROVE):
        for end in (cancel, cancel_at_a_checkpoint):
            warehouse = Warehouse(stage.tenant, *restocked(stage))
            document_id, job_id = half_done(warehouse, step)
            before = warehouse.stock(warehouse.here), warehouse.stock(warehouse.there), chain.value(WORTH)
            end(warehouse, job_id)
            assert status(step, document_id) == "undoing", f"{step.kind} is left half done"
            assert_undone(warehouse, step, document_id, 10 if end is cancel else 20)
            after = warehouse.stock(warehouse.here), warehouse.stock(warehouse.there), chain.value(WORTH)
            assert after != before
            requeue(warehouse, job_id)
            run(job_id)
            assert (state(job_id)[0], status(step, document_id)) == ("COMPLETED", step.after), "it cannot be done again"
            stage.check()


def a_job_that_is_requeued_while_its_document_is_undoing_waits(stage: Stage) -> None:
    for step in (SEND, COMPLETE, POST, APPROVE):
        warehouse = Warehouse(stage.tenant, *restocked(stage))
        document_id, job_id = half_done(warehouse, step)
        cancel(warehouse, job_id)
        requeue(warehouse, job_id)
        run(job_id)
        assert state(job_id)[0] == "PENDING", "it ends for good, though it only came too early"
        run(warehouse.caller.get(f"/api/v1/{step.noun}s/{document_id}").json["undoJobId"])
        chain.ask("UPDATE jobs SET available_at = clock_timestamp() WHERE id = %s", job_id)
        chain.ask("UPDATE outbox SET due_at = clock_timestamp() WHERE job_id = %s", job_id)
        run(job_id)
        assert (state(job_id)[0], status(step, document_id)) == ("COMPLETED", step.after)
        stage.check()


def assert_undone(warehouse: Warehouse, step: Step, document_id: int, lines: int) -> None:
    path = f"/api/v1/{step.noun}s/{document_id}"
    undo = warehouse.caller.get(path).json["undoJobId"]
    refused = warehouse.caller.post("/api/v1/jobs", {"type": step.kind, "payload": {step.key: document_id}})
    assert refused.status_code == 409, "a step begins while its document is undoing"
    assert refused.json.get("documentStatus") == "undoing", "the refusal does not say that the document is undoing"
    assert refused.json.get("jobId") == undo, "the refusal does not name the job that puts the lines back"
    run_jobs(find(f"{step.noun}.undo"), [undo], seconds=0)
    job = warehouse.caller.get(f"/api/v1/jobs/{undo}").json
    assert (job["progress"], job["total"]) == (10, lines), "it has no progress of its own"
    run(undo)
    assert status(step, document_id) == step.before
    assert moved(step.noun, document_id, step.name) == []
    assert chain.value(RESERVED) == 0


def half_a_purchase_is_nobodys_until_the_rest_is_in(stage: Stage) -> None:
    """Goods that came in at another cost are neither sold nor averaged with the rest, so that they can go back."""
    warehouse = stocked(stage.tenant, 5, cost="1")
    lines = warehouse.lines(*[1] * 20, unitCost="9")
    body = {"locationId": warehouse.here, "lines": lines}
    purchase_id = warehouse.caller.post("/api/v1/purchases", body).json["id"]
    job_id = warehouse.submit(APPROVE.kind, purchaseId=purchase_id)
    run_jobs(find(APPROVE.kind), [job_id], seconds=0)
    [level] = warehouse.caller.get(f"/api/v1/stock?locationId={warehouse.here}").json
    assert (level["quantity"], level["available"], level["value"]) == (15, 5, 95), "half a purchase can be had"
    assert warehouse.caller.post("/api/v1/sales", warehouse.sale_body(6)).status_code == 409, "half a purchase was sold"
    assert warehouse.caller.post("/api/v1/sales", warehouse.sale_body(5)).status_code == 201
    assert chain.value(WORTH) == 90, "what was sold was worth more than it had cost"
    cancel(warehouse, job_id)
    chain.recover()
    assert (warehouse.stock(warehouse.here), chain.value(WORTH)) == ([Decimal(0)], 0)
    assert status(APPROVE, purchase_id) == "draft"
    stage.check()


def what_a_failed_job_left_half_done_goes_on_or_is_undone(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 300)
    for way in ("requeue", "undo"):
        sale_id, job_id = half_done(warehouse, POST)
        exhaust(job_id)
        assert (status(POST, sale_id), chain.value(RESERVED)) == ("pending", 0)
        if way == "requeue":
            requeue(warehouse, job_id)
            run(job_id)
            assert status(POST, sale_id) == "completed"
        else:
            run(warehouse.submit("sale.undo", saleId=sale_id))
            assert (status(POST, sale_id), moved("sale", sale_id, "sell")) == ("pending", [])
        answer = warehouse.caller.post("/api/v1/jobs", {"type": "sale.undo", "payload": {"saleId": sale_id}})
        assert (answer.status_code, answer.json["error"][-13:]) == (409, "not half done")
    stage.check()


def withdrawn(stage: Stage, step: Step, document_id: int, job_id: int) -> bool:
    with transaction() as session:
        return movement.withdraw(step, session, stage.tenant.id, document_id, job_id)


def what_its_caller_was_told_is_refused_never_moves(stage: Stage) -> None:
    """A retry gives the job to a worker while the answer is made: the worker waits, and then finds it closed."""
    warehouse = stocked(stage.tenant, 300)
    for step, after in ((POST, "refused"), (SEND, "draft"), (APPROVE, "draft")):
        document_id, job_id = owe(warehouse, step, 2)
        exhaust(job_id)
        with ThreadPoolExecutor(1) as pool:
            with transaction() as session:
                assert movement.withdraw(step, session, stage.tenant.id, document_id, job_id)
                requeue(warehouse, job_id)
                worker = pool.submit(run, job_id)
                wait_until(lambda: chain.value(WAITING) == 1 or worker.done(), message="nobody came")  # noqa: B023
            worker.result()
        assert (state(job_id)[0], status(step, document_id)) == ("FAILED", after), "what was refused is done after all"
        assert moved(step.noun, document_id, step.name) == [], "what was refused is done after all"
        warehouse.caller.post("/api/v1/jobs/retry", {"all": True})
        chain.recover()
        assert moved(step.noun, document_id, step.name) == [], "a retry of all has done what was refused"
    stage.check()


def what_a_retry_has_given_to_a_worker_is_not_refused(stage: Stage) -> None:
    """The retry comes first: the caller is told that the job goes on, and it does."""
    warehouse = stocked(stage.tenant, 300)
    for step, hold in ((POST, HOLD_TRANSFER.replace("transfers", "sales")), (SEND, HOLD_TRANSFER)):
        document_id, job_id = owe(warehouse, step, 2)
        exhaust(job_id)
        with psycopg.connect(stage.database) as holder, ThreadPoolExecutor(1) as pool:
            holder.execute(hold, (document_id,))
            answer = pool.submit(withdrawn, stage, step, document_id, job_id)
            wait_until(lambda: chain.value(WAITING) == 1, message="the refusal did not wait for the document")
            requeue(warehouse, job_id)
            holder.rollback()
            assert not answer.result(), "refused, though it goes on"
        run(job_id)
        assert (state(job_id)[0], status(step, document_id)) == ("COMPLETED", step.after), "moved, and yet refused"
    stage.check()


def half_done_and_refused_is_undone(stage: Stage) -> None:
    warehouse = stocked(stage.tenant, 300)
    transfer_id, job_id = half_done(warehouse, SEND)
    exhaust(job_id)
    assert withdrawn(stage, SEND, transfer_id, job_id)
    assert status(SEND, transfer_id) == "undoing"
    chain.recover()
    assert (status(SEND, transfer_id), moved("transfer", transfer_id, "send")) == ("draft", [])
    assert warehouse.stock(warehouse.here) == [300]
    stage.check()


def claim(job_id: int, token: UUID) -> ClaimedJob:
    with transaction() as session:
        [job] = job_rows.claim(session, SEND.kind, [job_id], token, 3600)
    return job


def a_zombie_in_mid_step_and_the_sweep_of_its_job_end_one_another_without_loss(stage: Stage) -> None:
    """The sweep has the job and wants its reservations, the zombie has these and wants the job: PostgreSQL ends one."""
    warehouse = stocked(stage.tenant, 25)
    transfer_id, job_id = owe(warehouse, SEND)
    for _ in range(find(SEND.kind).max_attempts - 1):
        claim(job_id, uuid4())
        chain.time_passes()
        chain.sweeper()
    job = claim(job_id, token := uuid4())
    with ThreadPoolExecutor(1) as pool:
        with suppress(OperationalError, job_rows.LeaseLost), transaction() as zombie:
            steps = movement.walk(SEND, Context().within(zombie), job)
            next(steps)
            chain.time_passes()
            sweep = pool.submit(chain.sweeper)
            wait_until(lambda: chain.value(WAITING) == 1, message="the sweep did not want the zombie's reservations")
            job_rows.checkpoint(zombie, token, job_id, 10, LINES, 3600)
        with suppress(OperationalError):
            sweep.result()
    chain.recover()
    assert chain.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 1
    ended = state(job_id)[0], len(moved("transfer", transfer_id, "send")), chain.value(RESERVED)
    if ended != ("COMPLETED", LINES, 0):  # the zombie's step was committed, so the job had its attempts again
        assert ended == ("FAILED", 0, 0), "a part of a step was committed"
        requeue(warehouse, job_id)
        run(job_id)
    assert (status(SEND, transfer_id), warehouse.stock(warehouse.here)) == ("sent", [0])
    stage.check()


SCENARIOS = (
    goods_sold_by_a_job_are_nobody_elses_from_its_acceptance_on,
    however_a_job_ends_its_goods_are_available_in_the_same_commit,
    a_requeued_job_reserves_anew_or_moves_nothing,
    what_a_cancelled_job_left_half_done_is_undone,
    a_job_that_is_requeued_while_its_document_is_undoing_waits,
    half_a_purchase_is_nobodys_until_the_rest_is_in,
    what_a_failed_job_left_half_done_goes_on_or_is_undone,
    what_its_caller_was_told_is_refused_never_moves,
    what_a_retry_has_given_to_a_worker_is_not_refused,
    half_done_and_refused_is_undone,
    a_zombie_in_mid_step_and_the_sweep_of_its_job_end_one_another_without_loss,
)

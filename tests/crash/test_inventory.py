"""Whatever crashes while lines move: each moves once, and nothing of the stock or its value is lost."""

from collections.abc import Callable

import pytest

from counterfoil.crashkit.fuse import cut_at, killed_at, points
from db import jobs as job_rows
from db.transaction import transaction
from domain.inventory.steps import APPROVE, COMPLETE, POST, SEND, Step
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.checker import check, watch
from tests.scenarios import inventory, reservations
from tests.warehouse import WORTH, Warehouse, moved, stocked

LINES, PRODUCTS, PLENTY = 37, 5, 10_000
PASSES = {"after lock_stock", "after take_stock", "after checkpoint", "after commit", "after complete"}


@pytest.mark.parametrize(
    "scenario", inventory.SCENARIOS + reservations.SCENARIOS, ids=lambda scenario: scenario.__name__
)
def test_the_stock_is_right_in_the_end(scenario, stage):
    scenario(stage)


@pytest.fixture
def warehouse(database, organization) -> Warehouse:
    watch(database)
    return stocked(organization, *[PLENTY] * PRODUCTS)


def owe(warehouse: Warehouse, kind: str) -> tuple[int, int]:
    """Owe a job that moves 37 lines; return the document's id and the job's."""
    noun, _, _ = kind.partition(".")
    document_id = getattr(warehouse, noun)(*["0.7"] * LINES)
    if kind == "transfer.complete":
        run_jobs(find("transfer.send"), [warehouse.submit("transfer.send", transferId=document_id)])
    return document_id, warehouse.submit(kind, **{f"{noun}Id": document_id})


def run(kind: str, job_id: int) -> Callable[[], None]:
    return lambda: run_jobs(find(kind), [job_id])


def recover(kind: str, job_id: int) -> None:
    chain.time_passes()
    with transaction() as session:
        job_rows.sweep(session)
    run(kind, job_id)()


def assert_moved_once(document_id: int, job_id: int, step: Step, point: str) -> None:
    assert moved(step.noun, document_id, step.name) == list(range(1, LINES + 1)), f"lines after a crash {point}"
    status = chain.value(f"SELECT status FROM {step.noun}s WHERE id = %s", document_id)
    assert status == step.after, f"the {step.noun} after a crash {point}"
    assert chain.value("SELECT status FROM jobs WHERE id = %s", job_id) == "COMPLETED", f"the job after one {point}"


# Every point of the first once, and some of the others, in each way: all of them would take a minute and more.
@pytest.mark.parametrize(
    ("step", "fault", "points_tried"),
    [
        pytest.param(SEND, killed_at, slice(None), id="killed while it sends"),
        pytest.param(SEND, cut_at, slice(0, None, 3), id="line cut while it sends"),
        pytest.param(COMPLETE, killed_at, slice(1, None, 3), id="killed while it completes"),
        pytest.param(COMPLETE, cut_at, slice(2, None, 3), id="line cut while it completes"),
        pytest.param(POST, killed_at, slice(0, None, 3), id="killed while it sells"),
        pytest.param(POST, cut_at, slice(1, None, 6), id="line cut while it sells"),
        pytest.param(APPROVE, killed_at, slice(2, None, 3), id="killed while it receives"),
        pytest.param(APPROVE, cut_at, slice(0, None, 6), id="line cut while it receives"),
    ],
)
def test_a_document_may_be_interrupted_anywhere(database, warehouse, step, fault, points_tried, record_property):
    worth = chain.value(WORTH)
    names = points(run(step.kind, owe(warehouse, step.kind)[1]))
    assert names.count("after checkpoint") == 4
    assert (PASSES if step.worth is None else {"after put_stock"}) <= set(names), f"the hooks are blind: {names}"
    tried = [*enumerate(names)][points_tried]
    for at, name in tried:
        document_id, job_id = owe(warehouse, step.kind)
        assert fault(at, run(step.kind, job_id)) is not False, f"never came to {name}"
        recover(step.kind, job_id)
        assert_moved_once(document_id, job_id, step, name)
    moved_tenths = (len(tried) + 1) * LINES * 7 * (1 if step is APPROVE else -1)
    assert sum(warehouse.stock(warehouse.here)) * 10 == PRODUCTS * PLENTY * 10 + moved_tenths
    if step is COMPLETE:
        assert sum(warehouse.stock(warehouse.there)) * 10 == -moved_tenths
        assert chain.value(WORTH) == worth, "value was lost on the way"
    chain.keep_books()
    check(database)
    record_property("points", len(tried))

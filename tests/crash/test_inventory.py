"""Whatever crashes while lines move: each moves once, and nothing of the stock or its value is lost."""

from collections.abc import Callable

import pytest

from db import queue
from db.transaction import transaction
from domain.jobs.execution import deliver
from domain.jobs.registry import find
from tests import chain
from tests.checker import check, watch
from tests.crash.fuse import cut_at, killed_at, points
from tests.scenarios import inventory
from tests.warehouse import WORTH, Warehouse, moved, stocked

LINES, PRODUCTS, PLENTY = 37, 5, 10_000
PASSES = {"after lock_stock", "after take_stock", "after checkpoint", "after commit", "after complete"}


@pytest.mark.parametrize("scenario", inventory.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_stock_is_right_in_the_end(scenario, stage):
    scenario(stage)


@pytest.fixture
def warehouse(database, organization) -> Warehouse:
    watch(database)
    return stocked(organization, *[PLENTY] * PRODUCTS)


def owe(warehouse: Warehouse, verb: str) -> tuple[int, int]:
    """Owe the job that sends or completes a transfer of 37 lines; return the transfer's id and the job's."""
    transfer_id = warehouse.transfer(*["0.7"] * LINES)
    if verb == "complete":
        deliver(find("transfer.send"), [warehouse.submit("transfer.send", transferId=transfer_id)])
    return transfer_id, warehouse.submit(f"transfer.{verb}", transferId=transfer_id)


def run(verb: str, job_id: int) -> Callable[[], None]:
    return lambda: deliver(find(f"transfer.{verb}"), [job_id])


def recover(verb: str, job_id: int) -> None:
    chain.time_passes()
    with transaction() as session:
        queue.sweep(session)
    run(verb, job_id)()


def assert_moved_once(transfer_id: int, job_id: int, verb: str, point: str) -> None:
    assert moved("transfer", transfer_id, verb) == list(range(1, LINES + 1)), f"lines after a crash {point}"
    status = chain.value("SELECT status FROM transfers WHERE id = %s", transfer_id)
    assert status == {"send": "sent", "complete": "completed"}[verb], f"the transfer after a crash {point}"
    assert chain.value("SELECT status FROM jobs WHERE id = %s", job_id) == "COMPLETED", f"the job after one {point}"


# Every point once, and every third again in each of the other ways: all of them would take a minute.
@pytest.mark.parametrize(
    ("verb", "fault", "points_tried"),
    [
        pytest.param("send", killed_at, slice(None), id="killed while it sends"),
        pytest.param("send", cut_at, slice(0, None, 3), id="line cut while it sends"),
        pytest.param("complete", killed_at, slice(1, None, 3), id="killed while it completes"),
        pytest.param("complete", cut_at, slice(2, None, 3), id="line cut while it completes"),
    ],
)
def test_a_transfer_may_be_interrupted_anywhere(database, warehouse, verb, fault, points_tried, record_property):
    worth = chain.value(WORTH)
    names = points(run(verb, owe(warehouse, verb)[1]))
    assert names.count("after checkpoint") == 4
    assert (PASSES if verb == "send" else {"after put_stock"}) <= set(names), f"the hooks are blind: {names}"
    tried = [*enumerate(names)][points_tried]
    for at, name in tried:
        transfer_id, job_id = owe(warehouse, verb)
        assert fault(at, run(verb, job_id)) is not False, f"never came to {name}"
        recover(verb, job_id)
        assert_moved_once(transfer_id, job_id, verb, name)
    gone = (len(tried) + 1) * LINES * 7
    assert sum(warehouse.stock(warehouse.here)) * 10 == PRODUCTS * PLENTY * 10 - gone
    if verb == "complete":
        assert sum(warehouse.stock(warehouse.there)) * 10 == gone
        assert chain.value(WORTH) == worth, "value was lost on the way"
    chain.keep_books()
    check(database)
    record_property("points", len(tried))

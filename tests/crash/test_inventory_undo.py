"""Whatever crashes while goods are reserved, or put back: all of it is done once, or none of it."""

import itertools
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from counterfoil.crashkit.fuse import cut_at, killed_at, points
from domain.inventory.steps import APPROVE, COMPLETE, POST, SEND, Step
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.scenarios.inventory import run
from tests.scenarios.reservations import owe, status
from tests.waiting import wait_until_answered
from tests.warehouse import RESERVED, Warehouse, moved, stocked

LINES, MOVED, PLENTY = 25, 20, 10_000
SAMPLED, ALL = 12, 1
ROUNDS = """
    SELECT line_number, max(round), count(*) FROM movements WHERE (document_type, document_id, step) = (%s, %s, %s)
    GROUP BY 1 ORDER BY 1"""
JOBS_OF = "SELECT id FROM jobs WHERE kind = %s AND status = 'PENDING'"
CASES = list(itertools.product((SEND, COMPLETE, POST, APPROVE), (killed_at, cut_at)))


# In the suite every twelfth point, from another one on in each case. All of them take ten minutes: make chaos.
@pytest.fixture(params=[pytest.param(SAMPLED, id="sampled"), pytest.param(ALL, id="all", marks=pytest.mark.chaos)])
def stride(request: pytest.FixtureRequest) -> int:
    return request.param


each_step = pytest.mark.parametrize(
    ("first", "step", "fault"),
    [pytest.param(n, *case, id=f"{case[0].kind} {case[1].__name__}") for n, case in enumerate(CASES)],
)


@pytest.fixture
def warehouse(stage) -> Warehouse:
    return stocked(stage.tenant, *[PLENTY] * 5)


def acceptance(warehouse: Warehouse, step: Step) -> Callable[[str], TestResponse]:
    """Return how a caller asks, under a key, for a job that takes the step with 25 lines."""
    if step is POST:
        path, body = "/api/v1/sales", warehouse.sale_body(*[1] * LINES)
    else:
        document_id = getattr(warehouse, step.noun)(*[1] * LINES)
        if step is COMPLETE:
            run(warehouse.submit(SEND.kind, transferId=document_id))
        path, body = f"/api/v1/{step.noun}s/{document_id}/{step.kind.partition('.')[2]}", {}
    headers = {"Prefer": "respond-async"}
    return lambda key: warehouse.caller.post(path, body, headers=headers | {"Idempotency-Key": key})


def assert_reserved_as_one(step: Step, jobs: int, name: str) -> None:
    assert len(chain.rows(JOBS_OF, step.kind)) in (0, jobs), f"two jobs after a crash {name}"
    reserved = LINES * len(chain.rows(JOBS_OF, step.kind)) if step.goes_out else 0
    assert chain.value(RESERVED) == reserved, f"a job, or its goods, without the other after a crash {name}"


@each_step
def test_goods_are_reserved_with_their_job_or_not_at_all(stage, warehouse, step, fault, first, stride, record_property):
    ask = acceptance(warehouse, step)
    names = points(lambda: ask("nowhere"))
    assert {"after enqueue", "before commit", *(["after reserve_stock"] if step.goes_out else [])} <= set(names)
    chain.recover()
    tried = [*enumerate(names)][first % stride :: stride]
    for at, name in tried:
        ask = acceptance(warehouse, step)
        assert fault(at, lambda: ask(f"{at}")) is not False, f"never came to {name}"  # noqa: B023  run at once
        assert_reserved_as_one(step, 1, name)
        accepted = wait_until_answered(lambda: ask(f"{at}"))  # noqa: B023  run at once
        assert accepted.status_code == 202, accepted.text
        assert_reserved_as_one(step, 1, name)
        run(accepted.json["jobId"])
        document_id = accepted.json[step.key]
        assert moved(step.noun, document_id, step.name) == [*range(1, LINES + 1)]
        assert (status(step, document_id), chain.value(RESERVED)) == (step.after, 0)
    stage.check()
    record_property("points", len(tried))


def half_done(warehouse: Warehouse, step: Step) -> tuple[int, int]:
    """Let the job of a step move twenty of its lines; return the document's id and the job's."""
    document_id, job_id = owe(warehouse, step, LINES)
    for _ in range(MOVED // 10):
        run_jobs(find(step.kind), [job_id], seconds=0)
    assert moved(step.noun, document_id, step.name) == [*range(1, MOVED + 1)]
    return document_id, job_id


def cancel_and_undo(warehouse: Warehouse, step: Step, document_id: int, job_id: int) -> None:
    """Cancel the job, unless it is cancelled already, and put back what it has moved."""
    warehouse.caller.post(f"/api/v1/jobs/{job_id}/cancel")
    for (undo_job_id,) in chain.rows(JOBS_OF, f"{step.noun}.undo"):
        run(undo_job_id)


def assert_undone_once(step: Step, document_id: int, name: str) -> None:
    rounds = chain.rows(ROUNDS, step.noun, document_id, step.name)
    assert rounds == [(line, 2, 2) for line in range(1, MOVED + 1)], f"not there and back after a crash {name}"
    assert status(step, document_id) == step.before, f"the {step.noun} after a crash {name}"
    assert chain.value(RESERVED) == 0, f"something stays reserved after a crash {name}"


@each_step
def test_what_was_left_half_done_goes_back_once(stage, warehouse, step, fault, first, stride, record_property):
    def undo(document_id: int, job_id: int) -> Callable[[], None]:
        return lambda: cancel_and_undo(warehouse, step, document_id, job_id)

    names = points(undo(*half_done(warehouse, step)))
    assert {"after cancel", "after enqueue", f"after {'put' if step.goes_out else 'take_back'}_stock"} <= set(names)
    assert names.count("after checkpoint") == MOVED // 10
    tried = [*enumerate(names)][first % stride :: stride]
    for at, name in tried:
        owed = half_done(warehouse, step)
        assert fault(at, undo(*owed)) is not False, f"never came to {name}"
        chain.time_passes()
        chain.sweeper()
        undo(*owed)()
        assert_undone_once(step, owed[0], name)
    stage.check()
    record_property("points", len(tried))

"""A job that kills, starves, blocks or never leaves its worker ends FAILED after its attempts; nobody else pays."""

import pytest

from db.jobs import DIED, LATE
from tests.faults.load import drain, fetch, owe, statuses
from tests.waiting import wait_until

NEIGHBOURS = 8
HELD = "the job kept its transaction idle"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("segfault", DIED),
        ("endless", (DIED, LATE)),
        ("memory", "MemoryError"),
        ("idle", HELD),
    ],
    ids=["segfault", "endless", "memory", "idle"],
)
def test_a_poisonous_job_fails_after_its_attempts_and_its_group_completes(chain, organization, fault, reason):
    _, worker = chain.start("relay", "worker", worker_memory_mb=400, idle_in_transaction_timeout=1)
    payloads = [{} for _ in range(NEIGHBOURS)] + [{"fault": fault}]
    poison = owe(organization, "fault.group", payloads, max_attempts=3)[-1]
    drain(30)
    assert statuses() == {"COMPLETED": NEIGHBOURS, "FAILED": 1}
    ((status, attempts, error),) = fetch("SELECT status, attempts, error FROM jobs WHERE id = %s", poison.request_id)
    assert (status, attempts) == ("FAILED", 3)
    assert error.startswith(reason)
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(NEIGHBOURS, NEIGHBOURS)]
    assert worker.poll() is None
    wait_until(lambda: len(worker.children) == 2, 5, "the worker did not replace its child")

"""A job that kills, starves, blocks or never leaves its worker ends FAILED after its attempts; nobody else pays."""

import pytest

from tests.faults.load import drain, fetch, owe, statuses
from tests.waiting import wait_until

NEIGHBOURS = 6


@pytest.mark.parametrize("fault", ["segfault", "memory", "endless", "idle"])
def test_a_poisonous_job_fails_after_its_attempts_and_its_group_completes(chain, organization, fault):
    _, worker = chain.start("relay", "worker", worker_memory_mb=400, idle_in_transaction_timeout=1)
    payloads = [{} for _ in range(NEIGHBOURS)] + [{"fault": fault}]
    poison = owe(organization, "fault.group", payloads, max_attempts=2)[-1]
    drain(30)
    assert statuses() == {"COMPLETED": NEIGHBOURS, "FAILED": 1}
    assert fetch("SELECT status, attempts FROM jobs WHERE id = %s", poison.request_id) == [("FAILED", 2)]
    assert fetch("SELECT count(*), count(DISTINCT job_id) FROM effects") == [(NEIGHBOURS, NEIGHBOURS)]
    assert worker.poll() is None
    wait_until(lambda: len(worker.children) == 2, 5, "the worker did not replace its child")

"""Who waits for whom: with real workers, slow jobs and one user in a hurry."""

import time

from tests.faults.load import owe, value
from tests.tenant import new_tenant
from tests.waiting import wait_until

RUNNING = "SELECT count(*) FROM jobs WHERE status = 'PROCESSING'"
SECONDS = 1.0


def started_after(job_id: int) -> float:
    """Return the seconds from the job's acceptance to its start."""
    wait_until(lambda: value("SELECT started_at FROM jobs WHERE id = %s", job_id), 30, "it never started")
    return float(value("SELECT extract(epoch FROM started_at - created_at) FROM jobs WHERE id = %s", job_id))


def test_an_urgent_job_behind_five_hundred_slow_ones_starts_within_the_running_jobs_time(chain, organization):
    chain.start("relay", "worker")
    owe(organization, "fault.single", [{"seconds": SECONDS}] * 500)
    wait_until(lambda: value("SELECT count(*) FROM jobs WHERE status = 'COMPLETED'") >= 4, 20)
    waits = []
    for _ in range(3):
        urgent = owe(organization, "fault.single", [{}], priority=2)[0].request_id
        waits.append(started_after(urgent))
    assert max(waits) < 2 * SECONDS, f"waited {waits}: behind more than what was running"
    assert value("SELECT count(*) FROM jobs WHERE status = 'PENDING'") > 400, "the backlog was not slow"


def test_with_twenty_organizations_one_that_floods_holds_no_other_back(chain, organization):
    others = [new_tenant(f"Tenant {n}") for n in range(19)]
    chain.start("relay", "worker")
    owe(organization, "fault.single", [{"seconds": 0.05}] * 2000)
    wait_until(lambda: value("SELECT count(*) FROM jobs WHERE status = 'COMPLETED'") >= 20, 20)
    began = time.monotonic()
    accepted = [owe(other, "fault.single", [{"seconds": 0.05}])[0].request_id for other in others]
    waits = [started_after(job_id) for job_id in accepted]
    assert time.monotonic() - began < 10
    assert max(waits) < 4, f"one waited {max(waits):.1f} s behind the flood of another"
    assert value(RUNNING) <= 2

"""Who tries a group of failed jobs again may die anywhere: each job is put back once, though it fails again at once."""

from collections.abc import Iterator

import pytest

from counterfoil.crashkit.fuse import killed_at, points
from db import jobs as job_rows
from db.transaction import transaction
from domain.jobs import failures
from domain.jobs.bulk import RETRY
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.checker import check, watch
from tests.integration.jobs import fragile
from tests.tenant import Tenant

# One canary, then three at a time, of which one fails again: the turns of the job that does it.
JOBS, RATE, TURNS = 8, 3, 5
BROKEN = {3}
FAILED = "SELECT count(*) FROM job_attempts WHERE job_id = %s AND outcome = 'failed'"
ENDED = "SELECT status, progress, result FROM jobs WHERE id = %s"


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    with fragile.registered():
        yield


class Retry:
    """A group of failed jobs, and the job that tries them again."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant, self.ids = tenant, fragile.failed(tenant.id, JOBS)
        fragile.broken.update(BROKEN)
        with transaction() as session:
            [group] = failures.groups(session, tenant.id)
            group = failures.group(session, tenant.id, group.fingerprint)
            self.id = failures.retry(session, tenant.id, group, RATE, everywhere=False)

    def turn(self) -> None:
        """Do one turn as a worker does; the pause before it is over."""
        run_jobs(find(RETRY), [self.id])

    def go_on(self, turns: int) -> None:
        """Do so many turns; what was put back is run after each."""
        for _ in range(turns):
            fragile.turn(self.id)
            chain.run_waiting(fragile.NAME)

    def end(self, name: str) -> None:
        """Have what a dead worker left swept, what it put back run, and another worker go on; then all must be well."""
        chain.run_waiting(fragile.NAME)
        chain.time_passes()
        chain.sweeper()
        self.go_on(TURNS + 1)
        result = {"jobs": JOBS, "completed": JOBS - len(BROKEN), "failedAgain": len(BROKEN)}
        assert chain.rows(ENDED, self.id) == [("COMPLETED", JOBS, result)], f"killed {name}"
        counts = [chain.value(FAILED, job_id) for job_id in self.ids]
        assert counts == [1 + (n in BROKEN) for n in range(1, JOBS + 1)], f"killed {name}"
        self._mend()

    def _mend(self) -> None:
        fragile.broken.clear()
        with transaction() as session:
            job_rows.requeue(session, self.tenant.id, *self.ids)
        chain.run_waiting(fragile.NAME)


@pytest.mark.parametrize("before", [0, 1, TURNS - 1], ids=["canaries", "some more", "the end"])
def test_each_job_is_put_back_once_wherever_its_worker_dies(before, database, organization, record_property):
    watch(database)
    retry = Retry(organization)
    retry.go_on(before)
    chain.time_passes()
    names = points(retry.turn)
    retry.end("nobody")
    assert {"after claim", "after count_outcomes", "after commit"} <= {*names}, "the hooks are blind"
    for at, name in enumerate(names):
        retry = Retry(organization)
        retry.go_on(before)
        chain.time_passes()
        assert killed_at(at, retry.turn) == name
        retry.end(name)
    check(database)
    record_property("points", len(names))

"""How long each organization's jobs waited, by lane: what the people on call see, and that it is complete."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from db.transaction import transaction
from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind
from domain.jobs.work import PermanentError
from tasks.app import cleanup
from tests import chain
from tests.caller import Caller
from tests.integration.jobs.test_moves import owe
from tests.tenant import Tenant

WAITS = "/api/v1/admin/waits"
PROBE = Kind("probe", lambda _, jobs: [{} for _ in jobs], group=200)
LATER = "UPDATE wait_statistics SET hour = hour - %s * interval '1 hour'"
COUNTED = "SELECT coalesce(sum(jobs), 0) FROM wait_statistics, unnest(wait_counts) AS jobs"


@pytest.fixture
def worker(monkeypatch):
    """Call it with the name under which this process works from now on."""
    return lambda name: monkeypatch.setattr("domain.jobs.execution.worker_name", lambda: name)


def waited(tenant: Tenant, seconds: float, jobs: int = 1, kind: Kind = PROBE) -> list[int]:
    """Return jobs of the kind that are due since so many seconds."""
    ids = [owe(tenant.id, kind.name) for _ in range(jobs)]
    chain.ask("UPDATE jobs SET available_at = available_at - %s * interval '1 second' WHERE id = ANY(%s)", seconds, ids)
    return ids


def shown(operator: Caller, query: str = "") -> list[tuple[int, str, int]]:
    return [(row["organizationId"], row["lane"], row["jobs"]) for row in operator.get(f"{WAITS}?{query}").json]


def test_a_delivery_is_counted_for_each_organization_the_slowest_first(operator, organization, other_organization):
    run_jobs(PROBE, [*waited(organization, 15, jobs=9), *waited(other_organization, 100), *waited(organization, 2000)])
    slow, quick = operator.get(WAITS).json
    assert (slow["organizationId"], slow["lane"], slow["jobs"]) == (organization.id, "default", 10)
    assert (slow["p50Seconds"], slow["p90Seconds"], slow["p99Seconds"]) == (30, 30, 7200)
    assert slow["buckets"] == [{"upToSeconds": 30, "jobs": 9}, {"upToSeconds": 7200, "jobs": 1}]
    assert (quick["organizationId"], quick["jobs"], quick["p50Seconds"]) == (other_organization.id, 1, 300)


def test_what_waited_beyond_all_bounds_has_none(operator, organization):
    run_jobs(PROBE, waited(organization, 100_000))
    (row,) = operator.get(WAITS).json
    assert (row["p50Seconds"], row["p99Seconds"]) == (None, None)
    assert row["buckets"] == [{"upToSeconds": None, "jobs": 1}]


def test_lanes_are_apart_and_each_filter_keeps_its_own(operator, organization, other_organization):
    quick = Kind("quick", PROBE.handler, lane="urgent")
    run_jobs(PROBE, [*waited(organization, 2000), *waited(other_organization, 100)])
    run_jobs(quick, waited(organization, 0, kind=quick))
    mine, its = (organization.id, "default", 1), (other_organization.id, "default", 1)
    urgent = (organization.id, "urgent", 1)
    assert shown(operator) == [mine, its, urgent]
    assert shown(operator, "lane=urgent") == [urgent]
    assert shown(operator, f"organizationId={organization.id}") == [mine, urgent]
    assert shown(operator, f"organizationId={other_organization.id}&lane=urgent") == []


def test_pages_go_on_in_the_same_order(operator, organization, other_organization):
    run_jobs(PROBE, [*waited(organization, 2000), *waited(other_organization, 100)])
    first = operator.get(f"{WAITS}?limit=1")
    path = first.headers["Link"].partition("<")[2].partition(">")[0]
    second = operator.get(path)
    assert [row["organizationId"] for row in first.json + second.json] == [organization.id, other_organization.id]
    assert "Link" not in second.headers


def test_every_job_that_ran_is_counted_once_for_each_claim_that_came_to_an_end(database, organization):
    def odd_ones_fail(_, jobs):
        return [PermanentError("odd") if job.id % 2 else {} for job in jobs]

    run_jobs(PROBE, waited(organization, 1, jobs=30))
    run_jobs(Kind("probe", odd_ones_fail, group=200), waited(organization, 1, jobs=20))
    run_jobs(Kind("probe", lambda *_: 1 / 0), waited(organization, 1))
    assert chain.value(COUNTED) == chain.value("SELECT sum(attempts) FROM jobs") == 51


def test_what_is_rolled_back_is_not_counted(database, organization):
    def lose(context, jobs):
        chain.ask("UPDATE jobs SET lease_token = gen_random_uuid() WHERE id = %s", jobs[0].id)
        return [{} for _ in jobs]

    run_jobs(Kind("probe", lose), waited(organization, 1))
    assert chain.value(COUNTED) == 0


def test_workers_add_up_and_no_worker_waits_for_another(operator, organization, worker):
    worker("a:1")
    run_jobs(PROBE, waited(organization, 1, jobs=2))
    with transaction() as session, ThreadPoolExecutor(1) as pool:
        session.connection().exec_driver_sql("SELECT FROM wait_statistics FOR UPDATE")
        worker("b:1")
        pool.submit(run_jobs, PROBE, waited(organization, 1, jobs=3)).result(timeout=10)
    assert chain.value("SELECT count(*) FROM wait_statistics") == 2
    assert shown(operator) == [(organization.id, "default", 5)]


def test_a_past_hour_is_folded_and_says_the_same(operator, organization, other_organization, worker):
    for name in ("a:1", "b:1"):
        worker(name)
        run_jobs(PROBE, [*waited(organization, 1, jobs=2), *waited(other_organization, 3)])
    cleanup()
    assert chain.value("SELECT count(*) FROM wait_statistics WHERE worker = ''") == 0, "the hour is not past"
    for jobs in (6, 10):
        chain.ask(f"{LATER} WHERE worker > ''", 1)
        before = operator.get(WAITS).json
        cleanup()
        assert chain.rows("SELECT DISTINCT worker FROM wait_statistics") == [("",)]
        assert chain.value("SELECT count(*) FROM wait_statistics") == 2
        assert operator.get(WAITS).json == before
        assert chain.value(COUNTED) == jobs
        run_jobs(PROBE, waited(organization, 1, jobs=4))


def test_an_hour_counts_as_long_as_it_is_asked_for_and_goes_after_a_week(operator, organization):
    run_jobs(PROBE, waited(organization, 1))
    for hours in (3, 168):
        chain.ask("UPDATE wait_statistics SET hour = date_trunc('hour', now()) - %s * interval '1 hour'", hours)
        assert shown(operator) == []
        assert shown(operator, f"hours={hours - 1}") == []
        assert shown(operator, f"hours={hours}") == [(organization.id, "default", 1)]
    cleanup()
    assert chain.value(COUNTED) == 1
    chain.ask(LATER, 1)
    cleanup()
    assert chain.value("SELECT count(*) FROM wait_statistics") == 0


@pytest.mark.parametrize("query", ["hours=169", "hours=-1", "lane=fast", "organizationId=x", "kind=probe"])
def test_what_cannot_be_asked_is_refused(operator, query):
    assert operator.get(f"{WAITS}?{query}").status_code == 400

"""What the people on call see and can do; who has no operator's key sees and can do none of it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from db.queries import run
from db.transaction import transaction
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind
from tests import chain
from tests.caller import Caller
from tests.integration.jobs.test_moves import bring, owe

ADMIN = "/api/v1/admin"
PROBE = Kind("probe", lambda _, jobs: [{} for _ in jobs])
CALLS = [
    ("GET", f"{ADMIN}/queues", None),
    ("GET", f"{ADMIN}/waits", None),
    ("GET", f"{ADMIN}/doctor", None),
    ("POST", f"{ADMIN}/pause", {"what": "lane", "name": "default"}),
    ("POST", f"{ADMIN}/resume", {"what": "kind", "name": "invoice.generate"}),
    ("GET", f"{ADMIN}/organizations", None),
    ("PUT", f"{ADMIN}/organizations/1", {"weight": 2}),
    ("GET", "/metrics", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_it_takes_an_operators_key(client, operator, method, path, body):
    assert client.send(method, path, body).status_code == 403
    assert Caller("").send(method, path, body).status_code == 401
    assert operator.send(method, path, body).status_code == 200


def test_the_queues_show_what_waits_runs_and_has_failed_and_for_how_long(operator, organization, other_organization):
    for _ in range(2):
        owe(organization.id)
    owe(other_organization.id)
    bring(organization.id, Status.PROCESSING)
    bring(organization.id, Status.FAILED)
    chain.ask("UPDATE outbox SET due_at = clock_timestamp() - interval '90 seconds'")
    shown = operator.get(f"{ADMIN}/queues").json
    counted = {(d["organizationId"], d["status"]): d["jobs"] for d in shown["depths"]}
    assert counted == {
        (organization.id, "pending"): 2,
        (organization.id, "processing"): 1,
        (organization.id, "failed"): 1,
        (other_organization.id, "pending"): 1,
    }
    ages = [d["oldestSeconds"] for d in shown["depths"] if d["status"] == "pending"]
    assert ages == [pytest.approx(90, abs=5)] * 2


def test_the_throughput_is_that_of_the_jobs_that_ended_lately(operator, organization):
    for job_id in [owe(organization.id) for _ in range(20)]:
        run_jobs(PROBE, [job_id])
    chain.ask("UPDATE jobs SET completed_at = clock_timestamp() - interval '10 seconds'")
    (lane,) = operator.get(f"{ADMIN}/queues").json["throughput"]
    assert (lane["lane"], lane["jobs"]) == ("default", 20)
    assert lane["jobsPerSecond"] == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize(("what", "name"), [("lane", "default"), ("kind", "invoice.generate")])
def test_what_is_paused_is_not_sent_until_it_is_resumed(operator, organization, lanes, what, name):
    chain.submit(organization, "Client")
    for _ in range(2):
        (paused,) = operator.post(f"{ADMIN}/pause", {"what": what, "name": name}).json
    assert (paused["what"], paused["name"]) == (what, name)
    assert chain.relay() == 0
    assert operator.post(f"{ADMIN}/resume", {"what": what, "name": name}).json == []
    assert chain.relay() == 1


@pytest.mark.parametrize(("what", "name"), [("lane", "default"), ("kind", "invoice.generate")])
def test_a_message_that_was_sent_before_the_pause_is_claimed_by_nobody(operator, organization, lanes, what, name):
    job_id = chain.submit(organization, "Client")
    chain.relay()
    operator.post(f"{ADMIN}/pause", {"what": what, "name": name})
    assert chain.work() == 1
    assert chain.rows("SELECT status, attempts FROM jobs WHERE id = %s", job_id) == [("PENDING", 0)]
    operator.post(f"{ADMIN}/resume", {"what": what, "name": name})
    chain.time_passes()
    assert (chain.relay(), chain.work()) == (1, 1)
    assert chain.value("SELECT status FROM jobs WHERE id = %s", job_id) == "COMPLETED"


@pytest.mark.parametrize(("what", "name"), [("lane", "fast"), ("kind", "make.tea")])
def test_what_does_not_exist_cannot_be_paused(operator, what, name):
    answer = operator.post(f"{ADMIN}/pause", {"what": what, "name": name})
    assert answer.status_code == 404
    assert "there are: " in answer.json["error"]


def test_an_organization_gets_its_share_and_its_limit(operator, organization):
    path = f"{ADMIN}/organizations/{organization.id}"
    changed = operator.put(path, {"weight": 5, "maxRunning": 20}).json
    assert (changed["weight"], changed["maxRunning"]) == (5, 20)
    assert operator.put(path, {"weight": 5}).json["maxRunning"] is None, "there is no way back from a limit"
    assert operator.put(path, {"weight": 0}).status_code == 400
    assert operator.put(f"{ADMIN}/organizations/999", {"weight": 1}).status_code == 404
    assert operator.get(f"{ADMIN}/organizations").json[0]["weight"] == 5


def metrics(operator: Caller) -> dict[tuple[str, ...], float]:
    """Return each sample under its name and its labels' values."""
    text = operator.get("/metrics").get_data(as_text=True)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def runs(operator: Caller) -> dict[tuple[str, ...], float]:
    return {name: value for name, value in metrics(operator).items() if "per_second" not in name[0]}


def test_the_metrics_say_the_same_and_how_long_jobs_waited_and_ran(operator, organization):
    owe(organization.id)
    done = owe(organization.id)
    chain.ask("UPDATE jobs SET available_at = clock_timestamp() - interval '3 seconds' WHERE id = %s", done)
    run_jobs(PROBE, [done])
    broken = owe(organization.id)
    run_jobs(Kind("probe", lambda *_: 1 / 0), [broken])
    chain.ask("INSERT INTO incidents (name, count) VALUES ('lease_lost', 7)")
    found = metrics(operator)
    assert found["counterfoil_jobs", "probe", "default", str(organization.id), "pending"] == 2
    assert found["counterfoil_runs_total", "probe", "completed"] == 1
    assert found["counterfoil_runs_total", "probe", "failed"] == 1
    assert found["counterfoil_wait_seconds_count", "probe"] == 2
    assert found["counterfoil_wait_seconds_bucket", "probe", "2.5"] == 1
    assert found["counterfoil_wait_seconds_bucket", "probe", "5.0"] == 2
    assert 3 <= found["counterfoil_wait_seconds_sum", "probe"] < 5
    assert found["counterfoil_run_seconds_bucket", "probe", "+Inf"] == 2
    assert found["counterfoil_incidents_total", "lease_lost"] == 7


def test_the_figures_of_workers_that_are_gone_stay_in_the_totals(operator, organization):
    run_jobs(PROBE, [owe(organization.id)])
    chain.ask("UPDATE run_statistics SET worker = 'gone:1', updated_at = updated_at - interval '2 days'")
    run_jobs(PROBE, [owe(organization.id)])
    before = runs(operator)
    for _ in range(2):
        with transaction() as session:
            run(session, "fold_statistics")
    assert runs(operator) == before
    chain.ask("UPDATE run_statistics SET updated_at = updated_at - interval '2 days'")
    with transaction() as session:
        run(session, "fold_statistics")
    assert runs(operator) == before
    assert chain.rows("SELECT worker FROM run_statistics") == [("",)]

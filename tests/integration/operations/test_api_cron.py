"""Work without workers: a scheduler calls, due jobs are done in order, for a bounded time, behind a secret."""

import re

import pytest

from domain.jobs import registry
from domain.jobs.lifecycle import Status
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.jobs.test_api_jobs import KIND
from tests.scenarios.jobs import state

CRON = "/api/v1/cron/process-jobs"
SECRET = {"Authorization": "Bearer open sesame"}


@pytest.fixture(autouse=True)
def secret(database) -> None:
    configure(cron_secret="open sesame")


@pytest.mark.parametrize("path", [CRON, "/api/cron/process-jobs"])
def test_due_jobs_are_done_before_the_answer(stage, path):
    ids = [chain.submit(stage.tenant, "Client") for _ in range(3)]
    answer = Caller("").get(path, headers=SECRET)
    assert answer.status_code == 200
    figures = answer.json
    assert figures.pop("duration") >= 0
    assert figures["message"] == "Job processing complete"
    assert (figures["succeeded"], figures["failed"]) == (figures["processed"], 0)
    assert [state(job_id)[0] for job_id in ids] == [Status.COMPLETED] * 3
    stage.check()


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer open"}, {"Authorization": "open sesame"}])
def test_without_the_secret_it_is_closed(database, header):
    answer = Caller("").get(CRON, headers=header)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_without_a_secret_set_it_is_closed_to_everybody(database):
    configure(cron_secret="")
    answer = Caller("").get(CRON, headers={"Authorization": "Bearer "})
    assert answer.status_code == 401
    assert "set COUNTERFOIL_CRON_SECRET" in answer.json["error"]


def test_when_its_time_is_over_a_long_job_goes_on_at_the_next_call(client, monkeypatch):
    monkeypatch.setitem(registry._kinds, KIND.name, KIND)
    job_id = client.post("/api/v1/jobs", {"type": "probe.walk", "payload": {"count": 5}}).json["jobId"]
    monkeypatch.setattr("domain.jobs.inline.LEASED_AT_ONCE_S", 0.1)
    configure(cron_budget=0.000001)
    assert Caller("").get(CRON, headers=SECRET).json["processed"] == 0
    configure(cron_budget=5)
    assert Caller("").get(CRON, headers=SECRET).json["succeeded"] == 1
    assert state(job_id) == (Status.COMPLETED, 1)


def test_what_beat_would_have_seen_to_is_seen_to(stage):
    job_id = chain.submit(stage.tenant, "Client")
    chain.ask("DELETE FROM outbox WHERE job_id = %s", job_id)
    chain.ask(
        "INSERT INTO idempotency_keys VALUES (%s, 'old', '', 201, '{}', now() - interval '25 hours')", stage.tenant.id
    )
    Caller("").get(CRON, headers=SECRET)
    assert state(job_id)[0] == Status.COMPLETED, "the job without an entry was not mended"
    assert chain.value("SELECT count(*) FROM idempotency_keys WHERE key = 'old'") == 0
    place = chain.value("SELECT CAST(tableoid AS regclass)::text FROM jobs WHERE id = %s", job_id)
    assert re.fullmatch(r"completed_jobs_\d{4}_\d\d_\d\d", place), "no week was made"
    stage.check()


def test_a_failure_is_told_and_what_a_dead_process_left_is_taken_up(stage):
    job_id = chain.submit(stage.tenant, "Client")
    chain.ask("UPDATE jobs SET payload = '{}' WHERE id = %s", job_id)
    assert Caller("").get(CRON, headers=SECRET).json["failed"] == 1
    chain.time_passes()
    left = chain.submit(stage.tenant, "Client")
    chain.relay()
    chain.ask(
        "UPDATE jobs SET status = 'PROCESSING', attempts = 1, lease_token = gen_random_uuid(), lease_expires_at ="
        " clock_timestamp() - interval '1 second', started_at = clock_timestamp() WHERE id = %s", left,
    )  # fmt: skip
    chain.ask("DELETE FROM outbox WHERE job_id = %s", left)
    Caller("").get(CRON, headers=SECRET)
    assert state(left) == (Status.COMPLETED, 2)

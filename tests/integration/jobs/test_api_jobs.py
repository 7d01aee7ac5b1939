"""The jobs resource: submit, watch, filter, cancel, retry, and what each refuses."""

from collections.abc import Iterator
from typing import Any

import pytest

from db import jobs as job_rows
from db.jobs import Failure
from db.transaction import transaction
from domain.identity import keys
from domain.jobs import registry
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind
from domain.jobs.work import Context, Progress
from tests import chain
from tests.caller import Caller
from tests.integration.jobs.test_moves import bring

JOBS = "/api/v1/jobs"
SCHEMA = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1},
        "note": {"type": "string"},
        "weight": {"type": "number"},
    },
    "required": ["count"],
    "additionalProperties": False,
}
FIELDS = {
    "id", "type", "status", "progress", "total", "progressPercent", "error", "result", "attempts", "maxAttempts",
    "nextRetryAt", "createdAt", "startedAt", "completedAt", "durationMs", "priority", "cancelRequested",
    "runAt", "uniqueKey", "createdBy",
}  # fmt: skip


def walk(context: Context, job: Any) -> Iterator[Progress]:
    for done in range(context.cursor + 1, job.payload["count"] + 1):
        yield Progress(done, job.payload["count"])
    return {"walked": job.payload["count"]}


KIND = Kind("probe.walk", walk, stepwise=True, schema=SCHEMA)


@pytest.fixture(autouse=True)
def kind(monkeypatch) -> None:
    monkeypatch.setitem(registry._kinds, KIND.name, KIND)


def submit(client: Any, count: int = 4) -> int:
    answer = client.post(JOBS, {"type": "probe.walk", "payload": {"count": count}})
    assert answer.status_code == 202, answer.json
    return answer.json["jobId"]


@pytest.mark.parametrize("path", [JOBS, "/api/jobs"])
def test_a_job_is_accepted_under_both_spellings_and_shows_every_field(client, path):
    answer = client.post(path, {"type": "probe_walk", "payload": {"count": 4}, "priority": 2})
    assert (answer.status_code, answer.json["status"]) == (202, "pending")
    assert answer.headers["Location"] == f"{JOBS}/{answer.json['jobId']}"
    shown = client.get(f"{path}/{answer.json['jobId']}").json
    assert shown.keys() == FIELDS
    expected = {"type": "probe.walk", "status": "pending", "progress": 0, "progressPercent": 0, "priority": 2}
    assert expected.items() <= shown.items()
    assert [shown[name] for name in ("error", "result", "startedAt", "nextRetryAt", "durationMs")] == [None] * 5


def test_only_an_operators_priority_is_a_rank_among_organizations(client, organization):
    with transaction() as session:
        operator = Caller(keys.create(session, organization.id, "on call", role="operator").secret)
    for caller, given, stored in ((client, 100, 100), (operator, 100, 200), (operator, 2, 102), (operator, 1, 1)):
        answer = caller.post(JOBS, {"type": "probe.walk", "payload": {"count": 4}, "priority": given})
        job_id = answer.json["jobId"]
        kept = "SELECT jobs.priority, outbox.priority FROM jobs JOIN outbox ON job_id = id WHERE id = %s"
        assert chain.rows(kept, job_id) == [(stored, stored)]
        assert client.get(f"{JOBS}/{job_id}").json["priority"] == given


def test_a_job_shows_how_far_it_is_and_what_came_of_it(client):
    job_id = submit(client)
    run_jobs(KIND, [job_id], seconds=0)
    halfway = client.get(f"{JOBS}/{job_id}").json
    assert (halfway["status"], halfway["progress"], halfway["progressPercent"]) == ("pending", 1, 25)
    run_jobs(KIND, [job_id])
    done = client.get(f"{JOBS}/{job_id}").json
    assert (done["status"], done["progress"], done["total"], done["progressPercent"]) == ("completed", 4, 4, 100)
    assert done["result"] == {"walked": 4}
    assert done["durationMs"] >= 0


def test_an_unknown_type_is_refused_with_the_known_ones(client):
    answer = client.post(JOBS, {"type": "make.tea", "payload": {}})
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert "unknown type 'make.tea'; known: " in answer.json["error"]
    assert "probe.walk" in answer.json["error"]
    assert "invoice.generate" not in answer.json["error"], "it has a door of its own, which checks more"
    assert client.post(JOBS, {"type": "invoice.generate", "payload": {}}).status_code == 400


@pytest.mark.parametrize(
    ("payload", "errors"),
    [
        ({}, {"payload.count": ["is required"]}),
        ({"count": 0}, {"payload.count": ["must be at least 1"]}),
        ({"count": 1, "note": "a\0b"}, {"payload": ["must not contain NUL or half a surrogate pair"]}),
        (
            {"count": "many", "colour": "red", "note": 5},
            {
                "payload.count": ["must be of type integer"],
                "payload.colour": ["is not a known field"],
                "payload.note": ["must be of type string"],
            },
        ),
    ],
)
def test_a_payload_that_fails_its_schema_names_every_wrong_field_and_writes_nothing(client, payload, errors):
    answer = client.post(JOBS, {"type": "probe.walk", "payload": payload})
    assert (answer.status_code, answer.json["errors"]) == (400, errors)
    assert chain.value("SELECT count(*) FROM jobs") == 0


def test_a_fraction_in_a_payload_is_kept(client):
    answer = client.post(JOBS, {"type": "probe.walk", "payload": {"count": 1, "weight": 1.5}})
    assert answer.status_code == 202, answer.json
    assert chain.value("SELECT payload ->> 'weight' FROM jobs") == "1.5"


def test_a_key_makes_one_job(client):
    body = {"type": "probe.walk", "payload": {"count": 1}}
    first, second = (client.post(JOBS, body, headers={"Idempotency-Key": "k"}).json for _ in range(2))
    assert first == second
    assert chain.value("SELECT count(*) FROM jobs") == 1


def test_the_list_is_filtered_paged_and_newest_first(client, organization):
    ids = [submit(client) for _ in range(3)]
    failed, _ = bring(organization.id, Status.FAILED)
    listed = client.get(f"{JOBS}?limit=2")
    assert [job["id"] for job in listed.json] == [failed, ids[2]]
    following = listed.headers["Link"].split(">")[0][1:]
    assert [job["id"] for job in client.get(following).json] == [ids[1], ids[0]]
    assert [job["id"] for job in client.get(f"{JOBS}?status=failed").json] == [failed]
    assert len(client.get(f"{JOBS}?type=probe_walk&status=pending").json) == 3
    assert client.get(f"{JOBS}?createdBefore=2020-01-01T00:00:00Z").json == []
    assert len(client.get(f"{JOBS}?createdAfter=2020-01-01T00:00:00%2B02:00").json) == 4


@pytest.mark.parametrize("query", ["status=done", "createdAfter=yesterday", "colour=red"])
def test_a_filter_that_means_nothing_is_refused(client, query):
    assert client.get(f"{JOBS}?{query}").status_code == 400


def test_a_pending_job_is_cancelled_and_retried(client):
    job_id = submit(client)
    assert client.post(f"{JOBS}/{job_id}/cancel").json["status"] == "cancelled"
    assert client.post(f"{JOBS}/{job_id}/retry").json["status"] == "pending"


@pytest.mark.parametrize(
    ("verb", "status", "words"),
    [
        ("cancel", Status.COMPLETED, "is completed: only a pending or processing job can be cancelled"),
        ("cancel", Status.FAILED, "is failed: only a pending or processing job can be cancelled"),
        ("retry", Status.PROCESSING, "is processing: only a failed or cancelled job can be retried"),
        ("retry", Status.PENDING, "is pending: only a failed or cancelled job can be retried"),
        ("retry", Status.COMPLETED, "is completed: only a failed or cancelled job can be retried"),
    ],
)
def test_what_is_in_no_state_for_it_is_a_conflict(client, organization, verb, status, words):
    job_id, _ = bring(organization.id, status)
    answer = client.post(f"{JOBS}/{job_id}/{verb}")
    assert (answer.status_code, answer.json["jobStatus"]) == (409, status.lower())
    assert words in answer.json["error"]


def test_all_that_match_are_retried_after_a_rehearsal(client, organization):
    failed = [bring(organization.id, Status.FAILED)[0] for _ in range(3)]
    cancelled, _ = bring(organization.id, Status.CANCELLED)
    bring(organization.id, Status.COMPLETED)
    rehearsal = client.post(f"{JOBS}/retry", {"status": "failed", "dryRun": True}).json
    assert rehearsal == {"matched": 3, "retried": 0, "dryRun": True, "jobIds": failed}
    assert chain.value("SELECT count(*) FROM jobs WHERE status = 'PENDING'") == 0
    assert client.post(f"{JOBS}/retry", {"status": "failed", "type": "probe"}).json["retried"] == 3
    assert client.post(f"{JOBS}/retry", {"status": "cancelled"}).json["jobIds"] == [cancelled]


def test_a_retry_of_all_asks_for_a_filter_and_leaves_cancelled_jobs_alone(client, organization):
    failed, _ = bring(organization.id, Status.FAILED)
    bring(organization.id, Status.CANCELLED)
    for body in ({}, {"dryRun": True}, {"all": False}, {"type": None}, {"type": " "}):
        answer = client.post(f"{JOBS}/retry", body)
        assert (answer.status_code, answer.json["errors"]) == (
            400,
            {"all": ["must be true to mean all failed jobs, unless you give a filter"]},
        )
    assert client.post(f"{JOBS}/retry", {"type": "probe", "dryRun": True}).json["jobIds"] == [failed]
    assert client.post(f"{JOBS}/retry", {"all": True}).json["jobIds"] == [failed]


def test_each_attempt_is_told_with_its_error_and_times(client, organization):
    job_id, token = bring(organization.id, Status.PROCESSING)
    with transaction() as session:
        job_rows.set_aside(session, token, [Failure(job_id, "the line was busy", 0)])
    chain.ask("UPDATE jobs SET max_attempts = 2")
    run_jobs(Kind("probe", lambda *_: [{}]), [job_id])
    first, second = client.get(f"{JOBS}/{job_id}/attempts").json
    assert (first["attempt"], first["outcome"], first["error"]) == (1, "retried", "the line was busy")
    assert first["startedAt"] <= first["endedAt"] <= second["startedAt"] <= second["endedAt"]
    assert (second["attempt"], second["outcome"], second["error"]) == (2, "completed", None)
    assert second["worker"], "nobody knows who did it"


def test_a_job_that_waits_for_its_next_attempt_says_when(client, organization):
    job_id, token = bring(organization.id, Status.PROCESSING)
    with transaction() as session:
        job_rows.set_aside(session, token, [Failure(job_id, "the line was busy", 60)])
    shown = client.get(f"{JOBS}/{job_id}").json
    assert shown["status"] == "pending"
    assert shown["nextRetryAt"] > shown["startedAt"]
    assert shown["error"] == "the line was busy"


@pytest.mark.parametrize("path", ["", "/attempts", "/cancel", "/retry"])
def test_another_organizations_job_is_not_there(client, stranger, path):
    job_id = submit(client)
    method = "POST" if path in ("/cancel", "/retry") else "GET"
    assert stranger.send(method, f"{JOBS}/{job_id}{path}").status_code == 404
    assert chain.value("SELECT status FROM jobs") == "PENDING"


def test_a_retry_of_all_reaches_no_other_organization(client, stranger, organization):
    bring(organization.id, Status.FAILED)
    assert stranger.post(f"{JOBS}/retry", {"all": True}).json["matched"] == 0
    assert stranger.get(JOBS).json == []

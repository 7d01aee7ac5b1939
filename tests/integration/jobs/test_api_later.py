"""Jobs that wait for their time, and jobs of which one at a time waits or runs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db import jobs as job_rows
from db.transaction import transaction
from domain.jobs import registry
from domain.jobs.lifecycle import Status
from domain.jobs.registry import Kind
from domain.jobs.upkeep.clock import follow_clock
from tests import chain
from tests.caller import Caller
from tests.clock import Clock
from tests.tenant import Tenant

JOBS = "/api/v1/jobs"
NAMES = ("probe.note", "probe.other")
STATUS = "UPDATE open_jobs SET status = %s, error = 'broken', completed_at = clock_timestamp() WHERE id = %s"
TIMES_UP = (
    "UPDATE open_jobs SET available_at = clock_timestamp(), run_at = NULL",
    "UPDATE outbox SET due_at = clock_timestamp()",
)
# One organization does not have all threads.
BUSY, COME_AGAIN = 429, 503
WAITS_FOR = "SELECT extract(epoch FROM due_at - {})::float FROM outbox"


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setitem(registry._kinds, name, Kind(name, lambda *_: [{}], schema={"type": "object"}))


def submit(client: Caller, kind: str = "probe.note", **terms: Any) -> Any:
    return client.post(JOBS, {"type": kind, "payload": {}, **terms})


def state(client: Caller, job_id: int) -> Any:
    return client.get(f"{JOBS}/{job_id}").json


def end(job_id: int, status: Status) -> None:
    chain.ask(STATUS, status, job_id)
    chain.ask("DELETE FROM outbox WHERE job_id = %s", job_id)


def ahead(days: float) -> str:
    now = chain.value("SELECT clock_timestamp()")
    return (now + timedelta(days=days)).astimezone(UTC).isoformat()


@pytest.mark.parametrize("terms", [{"delaySeconds": 3600}, {"runAt": "in an hour"}])
def test_a_job_for_later_does_not_start_before_its_time(client: Caller, terms: dict[str, Any], lanes: None) -> None:
    wanted = {"runAt": ahead(1 / 24)} if "runAt" in terms else terms
    job_id = submit(client, **wanted).json["jobId"]
    told = client.get(f"{JOBS}/{job_id}/explain").json
    shown = state(client, job_id)
    assert (told["reason"], told["expectedStartAt"], shown["nextRetryAt"]) == ("scheduled", shown["runAt"], None)
    assert abs(datetime.fromisoformat(shown["runAt"]) - datetime.fromisoformat(ahead(1 / 24))) < timedelta(seconds=30)
    assert chain.relay() == 0
    chain.run_waiting("probe.note")
    assert state(client, job_id)["status"] == "pending"
    for statement in TIMES_UP:
        chain.ask(statement)
    assert chain.relay() == 1
    chain.run_waiting("probe.note")
    shown = state(client, job_id)
    assert (shown["status"], shown["runAt"]) == ("completed", None)


def test_a_time_that_is_over_is_now(client: Caller) -> None:
    job_id = submit(client, runAt="2020-02-29T12:00:00+02:00").json["jobId"]
    assert state(client, job_id)["runAt"] is None
    chain.run_waiting("probe.note")
    assert state(client, job_id)["status"] == "completed"


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"runAt": "a century"}, "runAt must be within 366 days from now"),
        ({"runAt": "9999-12-31T23:59:59-14:00"}, "runAt must be a time such as"),
        ({"runAt": "tomorrow"}, "runAt must be a time such as"),
        ({"runAt": "2026-01-31T12:00:00Z", "delaySeconds": 1}, "does not go together with delaySeconds"),
        ({"delaySeconds": -1}, "delaySeconds must be from 0 to"),
        ({"uniqueKey": "x" * 201}, "uniqueKey must not be longer than 200 characters"),
    ],
)
def test_a_time_that_cannot_be_is_refused(client: Caller, terms: dict[str, Any], words: str) -> None:
    if terms.get("runAt") == "a century":
        terms = {"runAt": ahead(36_500)}
    refused = submit(client, **terms)
    assert (refused.status_code, words in refused.json["detail"]) == (400, True), refused.json
    assert chain.value("SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize(("run_at", "seconds"), [(None, 600), (1200, 7800)], ids=["delay", "time"])
def test_a_clock_that_is_put_back_moves_a_delay_and_no_time(
    database: str, organization: Tenant, run_at: int | None, seconds: int
) -> None:
    clock = Clock(database)
    at = chain.value("SELECT clock_timestamp()") + timedelta(seconds=run_at) if run_at else None
    with transaction() as session:
        job_rows.enqueue(
            session, "probe", "default", 1, 3, [job_rows.NewJob(organization.id, {})], delay=600, run_at=at
        )
    follow_clock()
    clock.put("-110 minutes")
    follow_clock()
    assert abs(chain.value(WAITS_FOR.format("shifted.clock_timestamp()")) - seconds) < 30


def test_of_one_unique_key_one_job_at_a_time_waits_or_runs(client: Caller, stranger: Caller) -> None:
    first = submit(client, uniqueKey="nightly")
    again = submit(client, uniqueKey="nightly", delaySeconds=60)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json == {
        "jobId": first.json["jobId"], "status": "pending", "message": "A job with this uniqueKey has not ended yet.",
    }  # fmt: skip
    assert again.headers["Location"] == f"{JOBS}/{first.json['jobId']}"
    for other in (
        submit(client, uniqueKey="monthly"),
        submit(client, "probe.other", uniqueKey="nightly"),
        submit(stranger, uniqueKey="nightly"),
        submit(client),
        submit(client),
    ):
        assert other.status_code == 202
    assert state(client, first.json["jobId"])["uniqueKey"] == "nightly"
    chain.run_waiting("probe.note")
    assert submit(client, uniqueKey="nightly").status_code == 202, "the first one has ended"


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_job_that_has_ended_holds_its_key_no_longer_and_is_not_tried_again_beside_another(
    client: Caller, status: Status
) -> None:
    old = submit(client, uniqueKey="nightly").json["jobId"]
    end(old, status)
    new = submit(client, uniqueKey="nightly").json["jobId"]
    assert new != old
    refused = client.post(f"{JOBS}/{old}/retry")
    assert (refused.status_code, "uniqueKey 'nightly' waits or runs" in refused.json["detail"]) == (409, True)
    chain.run_waiting("probe.note")
    assert client.post(f"{JOBS}/{old}/retry").status_code == 200
    assert submit(client, uniqueKey="nightly").json["jobId"] == old


def test_of_several_that_failed_under_one_key_one_is_tried_again(client: Caller) -> None:
    failed = []
    for key in ("nightly", "nightly", "monthly", None, None):
        failed.append(submit(client, **({"uniqueKey": key} if key else {})).json["jobId"])
        end(failed[-1], Status.FAILED)
    told = client.post(f"{JOBS}/retry", {"all": True}).json
    assert (told["matched"], told["retried"]) == (5, 4)
    pending = {job["id"] for job in client.get(f"{JOBS}?status=pending").json}
    assert pending == {failed[0], *failed[2:]}


def test_many_who_submit_one_key_at_once_make_one_job(client: Caller) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = [*pool.map(lambda _: submit(client, uniqueKey="nightly"), range(16))]
    answers = [answer.json["jobId"] for answer in told if answer.status_code != BUSY]
    assert [answer.status_code for answer in told].count(202) == 1
    assert len(set(answers)) == 1
    assert chain.value("SELECT count(*) FROM jobs") == 1


def test_who_tries_again_and_who_submits_under_one_key_take_turns(client: Caller) -> None:
    old = submit(client, uniqueKey="nightly").json["jobId"]
    end(old, Status.FAILED)
    with ThreadPoolExecutor(8) as pool:
        asked = [lambda: client.post(f"{JOBS}/{old}/retry"), lambda: submit(client, uniqueKey="nightly")] * 4
        told = {answer.status_code for answer in pool.map(lambda ask: ask(), asked)}
    assert told <= {200, 202, 409, BUSY, COME_AGAIN}
    assert chain.value("SELECT count(*) FROM jobs WHERE status = 'PENDING'") == 1

"""Failed jobs in groups; a group tried again: its canaries first, at a rate, until most fail again."""

from collections.abc import Iterator

import pytest

from db.transaction import transaction
from domain.identity import keys
from domain.jobs.bulk import CANCEL, RETRY
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.jobs.retrying import AHEAD_S
from tests import chain
from tests.caller import Caller
from tests.integration.jobs import fragile

JOBS = "/api/v1/jobs"
FAILURES = f"{JOBS}/failures"


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    with fragile.registered():
        yield


def caller(organization_id: int, *scopes: str) -> Caller:
    with transaction() as session:
        return Caller(keys.create(session, organization_id, "some", scopes=[*scopes]).secret)


def retry(client: Caller, **terms: object) -> int:
    """Have the only group tried again; return the id of the job that does it."""
    [group] = client.get(FAILURES).json
    answer = client.post(f"{FAILURES}/retry", {"fingerprint": group["fingerprint"], **terms})
    assert answer.status_code == 202, answer.json
    assert answer.headers["Location"] == f"{JOBS}/{answer.json['jobId']}"
    return answer.json["jobId"]


def test_jobs_that_failed_alike_are_a_group(client, organization):
    ids = fragile.failed(organization.id, 3)
    [group] = client.get(FAILURES).json
    assert (group["type"], group["shape"], group["jobs"]) == (fragile.NAME, fragile.SHAPE, 3)
    assert (group["newestJobId"], group["organizations"], group["complete"]) == (ids[-1], 1, True)
    assert group["firstFailedAt"] <= group["lastFailedAt"]


@pytest.mark.parametrize(("one", "other"), [
    ("order 7 is late", "order 4711 is late"),
    ("INV-000001 is paid", "INV-2026-7 is paid"),
    ("no file 0b6c1d6e-6d1f-4a9c-9d0a-6a1c2f3e4d5b", "no file ffffffff-ffff-4fff-8fff-ffffffffffff"),
    ("unknown 'Ada'", "unknown 'Grace'"),
    ('unknown "Ada"', 'unknown "Grace"'),
    ("on 2026-01-02 at 10:00:01.5", "on 2027-11-12 at 23:59:59"),
    ("total 1,000.50 too small", "total 7 too small"),
])  # fmt: skip
def test_numbers_ids_and_quoted_texts_make_no_difference(one, other, client, organization):
    first, second = fragile.failed(organization.id, 2)
    for job_id, error in ((first, one), (second, other)):
        chain.ask("UPDATE open_jobs SET error = %s WHERE id = %s", error, job_id)
    assert [group["jobs"] for group in client.get(FAILURES).json] == [2]


@pytest.mark.parametrize(("one", "other"), [
    ("the client's name isn't known", "the client's tax id isn't known"),
    ("the database refused the job (SQLSTATE 23505)", "the database refused the job (SQLSTATE 40001)"),
    ("the receiver answered 404", "the receiver answered 500"),
    ("order is late", "order is paid"),
])  # fmt: skip
def test_words_and_codes_make_a_difference(one, other, client, organization):
    first, second = fragile.failed(organization.id, 2)
    for job_id, error in ((first, one), (second, other)):
        chain.ask("UPDATE open_jobs SET error = %s WHERE id = %s", error, job_id)
    assert [group["jobs"] for group in client.get(FAILURES).json] == [1, 1]


def test_only_so_many_of_the_newest_are_looked_at_and_that_is_said(client, organization, monkeypatch):
    monkeypatch.setattr("domain.jobs.failures.MAX_FAILED", 2)
    ids = fragile.failed(organization.id, 3)
    [group] = client.get(FAILURES).json
    assert (group["jobs"], group["newestJobId"], group["complete"]) == (2, ids[-1], False)


def test_a_group_is_of_one_organization_but_for_operators(client, stranger, operator, organization, other_organization):
    fragile.failed(organization.id, 2)
    fragile.failed(other_organization.id, 3)
    assert [group["jobs"] for group in client.get(FAILURES).json] == [2]
    assert [group["jobs"] for group in stranger.get(FAILURES).json] == [3]
    [everywhere] = operator.get(f"{FAILURES}?everywhere=true").json
    assert (everywhere["jobs"], everywhere["organizations"]) == (5, 2)
    refused = client.get(f"{FAILURES}?everywhere=true")
    assert (refused.status_code, refused.json["permission"]) == (403, "installation:read")


def test_a_dry_run_counts_and_touches_nothing(client, organization):
    fragile.failed(organization.id, 3)
    [group] = client.get(FAILURES).json
    rehearsal = client.post(f"{FAILURES}/retry", {"fingerprint": group["fingerprint"], "dryRun": True})
    told = {"matched": 3, "types": {fragile.NAME: 3}, "complete": True, "dryRun": True, "jobId": None}
    assert (rehearsal.status_code, rehearsal.json) == (200, told)
    assert fragile.states() == {"FAILED": 3}
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s", RETRY) == 0
    assert chain.value("SELECT count(*) FROM audit_log") == 0


def test_the_canaries_run_first_and_the_others_at_the_rate_after_them(client, organization):
    fragile.failed(organization.id, 120)
    retry_id = retry(client, perSecond=50)
    assert fragile.turn(retry_id) == ("PENDING", 2)
    assert fragile.turn(retry_id) == ("PENDING", 2), "the canaries have not run"
    chain.run_waiting(fragile.NAME)
    assert fragile.states() == {"COMPLETED": 2, "FAILED": 118}
    assert [fragile.turn(retry_id)[1] for _ in range(3)] == [52, 102, 120]
    assert fragile.turn(retry_id) == ("PENDING", 120), "the last have not run"
    chain.run_waiting(fragile.NAME)
    assert fragile.turn(retry_id) == ("COMPLETED", 120)
    assert client.get(f"{JOBS}/{retry_id}").json["result"] == {"jobs": 120, "completed": 120, "failedAgain": 0}
    assert client.get(FAILURES).json == []


def test_it_waits_between_its_turns_for_a_second_and_uses_no_attempt(client, organization):
    fragile.failed(organization.id, 1)
    retry_id = retry(client)
    run_jobs(find(RETRY), [retry_id])
    waits = "SELECT attempts, round(extract(epoch FROM available_at - clock_timestamp())) FROM jobs WHERE id = %s"
    assert chain.rows(waits, retry_id) == [(0, 1)]
    assert client.get(f"{JOBS}/{retry_id}/explain").json["text"].startswith("It goes on, 1 of 1 done: ")


def test_canaries_that_fail_again_stop_it_and_the_others_are_left_alone(client, organization):
    ids = fragile.failed(organization.id, 150)
    fragile.broken.update((1, 2))
    retry_id = retry(client)
    fragile.turn(retry_id)
    chain.run_waiting(fragile.NAME)
    assert fragile.turn(retry_id) == ("FAILED", 2)
    sentence = "stopped by itself: of the 2 jobs that ran again last, 2 failed again; 148 were left alone"
    assert client.get(f"{JOBS}/{retry_id}").json["error"] == sentence
    assert fragile.states() == {"FAILED": 150}
    again = "SELECT job_id FROM job_attempts WHERE outcome = 'failed' GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
    assert chain.rows(again) == [(ids[0],), (ids[1],)]
    [group] = client.get(FAILURES).json
    assert group["jobs"] == 150, "what has stopped is no failure of its own"


def test_a_first_attempt_that_fails_is_enough_to_stop_it(client, organization):
    [job_id] = fragile.failed(organization.id, 1)
    retry_id = retry(client)
    fragile.turn(retry_id)
    chain.ask("UPDATE open_jobs SET error = 'busy', attempts = 1 WHERE id = %s", job_id)
    assert fragile.turn(retry_id) == ("FAILED", 1)


def test_what_begins_to_fail_later_stops_it_too(client, organization):
    fragile.failed(organization.id, 120)
    retry_id = retry(client, perSecond=20)
    for _ in range(2):
        fragile.turn(retry_id)
        chain.run_waiting(fragile.NAME)
    fragile.broken.update(range(1, 121))
    assert fragile.turn(retry_id) == ("PENDING", 42)
    chain.run_waiting(fragile.NAME)
    assert fragile.turn(retry_id) == ("PENDING", 62), "20 of 42 are fewer than half"
    chain.run_waiting(fragile.NAME)
    assert fragile.turn(retry_id) == ("FAILED", 62)
    assert fragile.states() == {"COMPLETED": 22, "FAILED": 98}


def test_no_more_is_put_back_while_ten_seconds_worth_waits(client, organization):
    fragile.failed(organization.id, 60)
    retry_id = retry(client, perSecond=2)
    fragile.turn(retry_id)
    chain.run_waiting(fragile.NAME)
    done = [fragile.turn(retry_id)[1] for _ in range(AHEAD_S + 2)]
    assert done[-3:] == [1 + 2 * AHEAD_S] * 3


def test_what_was_tried_again_meanwhile_is_left_alone(client, organization):
    _, second, third = fragile.failed(organization.id, 3)
    retry_id = retry(client)
    for job_id in (second, third):
        client.post(f"{JOBS}/{job_id}/retry")
    chain.run_waiting(fragile.NAME)
    fragile.broken.add(3)
    for _ in range(3):
        fragile.turn(retry_id)
        chain.run_waiting(fragile.NAME)
    assert fragile.states() == {"COMPLETED": 3}
    assert chain.value("SELECT count(*) FROM job_attempts WHERE job_id = %s", third) == 1


def test_it_can_be_cancelled_and_goes_on_where_it_was(client, organization):
    fragile.failed(organization.id, 40)
    retry_id = retry(client)
    fragile.turn(retry_id)
    chain.run_waiting(fragile.NAME)
    fragile.turn(retry_id)
    assert client.post(f"{JOBS}/{retry_id}/cancel").json["status"] == "cancelled"
    assert fragile.states() == {"COMPLETED": 1, "PENDING": 10, "FAILED": 29}
    client.post(f"{JOBS}/{retry_id}/retry")
    assert fragile.turn(retry_id) == ("PENDING", 21)


def test_one_retry_of_a_group_is_at_work_at_a_time(client, organization):
    fragile.failed(organization.id, 2)
    retry_id = retry(client)
    [group] = client.get(FAILURES).json
    answer = client.post(f"{FAILURES}/retry", {"fingerprint": group["fingerprint"]})
    assert (answer.status_code, answer.json["jobId"]) == (409, retry_id)


def test_a_group_takes_what_submitting_its_jobs_takes(client, organization):
    fragile.failed(organization.id, 2)
    [group] = client.get(FAILURES).json
    limited = caller(organization.id, "jobs:read", "jobs:retry")
    answer = limited.post(f"{FAILURES}/retry", {"fingerprint": group["fingerprint"]})
    assert (answer.status_code, answer.json["permission"]) == (403, "transfers:send")


def test_it_ends_once_its_owner_may_not_do_it_any_more(client, organization):
    fragile.failed(organization.id, 5)
    owner = caller(organization.id, "jobs:read", "jobs:retry", "transfers:send")
    retry_id = retry(owner)
    fragile.turn(retry_id)
    chain.run_waiting(fragile.NAME)
    chain.ask("UPDATE api_keys SET revoked_at = clock_timestamp() WHERE name = 'some'")
    assert fragile.turn(retry_id) == ("FAILED", 1)
    assert "may not do it any more" in client.get(f"{JOBS}/{retry_id}").json["error"]
    assert fragile.states() == {"COMPLETED": 1, "FAILED": 4}


def test_an_operator_tries_the_jobs_of_all_organizations_again(client, operator, organization, other_organization):
    fragile.failed(organization.id, 2)
    fragile.failed(other_organization.id, 2)
    [group] = operator.get(f"{FAILURES}?everywhere=true").json
    body = {"fingerprint": group["fingerprint"], "everywhere": True}
    assert client.post(f"{FAILURES}/retry", body).json["permission"] == "installation:manage"
    retry_id = operator.post(f"{FAILURES}/retry", body).json["jobId"]
    for _ in range(3):
        fragile.turn(retry_id)
        chain.run_waiting(fragile.NAME)
    assert fragile.states() == {"COMPLETED": 4}


def test_all_that_matches_is_cancelled_by_a_job(client, stranger, organization, other_organization):
    for tenant in (organization, other_organization):
        fragile.failed(tenant.id, 25)
    for asked in (client, stranger):
        assert asked.post(f"{JOBS}/retry", {"all": True}).json["retried"] == 25
    rehearsal = client.post(f"{JOBS}/cancel", {"type": fragile.NAME, "dryRun": True})
    assert (rehearsal.status_code, rehearsal.json["matched"]) == (200, 25)
    answer = client.post(f"{JOBS}/cancel", {"type": fragile.NAME})
    assert (answer.status_code, answer.json["matched"]) == (202, 25)
    assert client.post(f"{JOBS}/cancel", {"type": fragile.NAME}).status_code == 409
    run_jobs(find(CANCEL), [answer.json["jobId"]], seconds=0)
    assert fragile.states() == {"CANCELLED": 20, "PENDING": 30}
    run_jobs(find(CANCEL), [answer.json["jobId"]])
    assert fragile.states() == {"CANCELLED": 25, "PENDING": 25}
    assert chain.rows("SELECT DISTINCT status FROM jobs WHERE organization_id = %s", other_organization.id) == [
        ("PENDING",)
    ]


def test_what_others_asked_for_is_left_alone_without_the_permission(client, organization):
    fragile.failed(organization.id, 2)
    client.post(f"{JOBS}/retry", {"all": True})
    clerk = caller(organization.id, "jobs:read", "jobs:create", "jobs:cancel-own", "transfers:send")
    own = clerk.post(JOBS, {"type": fragile.NAME, "payload": {"n": 9}}).json["jobId"]
    answer = clerk.post(f"{JOBS}/cancel", {"all": True})
    assert answer.json["matched"] == 1
    run_jobs(find(CANCEL), [answer.json["jobId"]])
    assert client.get(f"{JOBS}/{own}").json["status"] == "cancelled"
    assert fragile.states() == {"PENDING": 2, "CANCELLED": 1}


def test_what_the_owner_may_cancel_is_asked_when_it_is_done(client, organization):
    fragile.failed(organization.id, 2)
    client.post(f"{JOBS}/retry", {"all": True})
    answer = caller(organization.id, "jobs:read", "jobs:cancel").post(f"{JOBS}/cancel", {"all": True})
    assert answer.json["matched"] == 2
    chain.ask("UPDATE api_keys SET scopes = '{jobs:cancel-own}' WHERE name = 'some'")
    run_jobs(find(CANCEL), [answer.json["jobId"]])
    assert fragile.states() == {"PENDING": 2}


def test_there_must_be_a_filter_or_all(client):
    assert "all" in client.post(f"{JOBS}/cancel", {"dryRun": True}).json["errors"]
    answer = client.post(f"{JOBS}/cancel", {"all": True})
    assert (answer.status_code, answer.json["detail"]) == (400, "no job matches: there is nothing to do")

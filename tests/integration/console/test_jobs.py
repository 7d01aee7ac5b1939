"""Jobs in the console: found by filters, acted on together once they were counted, and shown with their whole way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import psycopg
import pytest

from db import jobs as job_rows
from db.jobs import NewJob
from db.transaction import transaction
from domain.events import feed
from domain.events.telling import owe_sequence
from domain.jobs import registry
from domain.jobs.bulk import CANCEL, RETRY
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.browser import logged_in, text
from tests.integration.jobs import fragile
from tests.waiting import wait_until

LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
MADE = "SELECT id, total, payload -> 'kinds' FROM jobs WHERE kind = %s"


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    with fragile.registered():
        yield


def waiting(organization_id: int, count: int = 1, **payload: object) -> list[int]:
    with transaction() as session:
        jobs = [NewJob(organization_id, {"n": n, **payload}) for n in range(count)]
        return job_rows.enqueue(session, fragile.NAME, "default", 1, 3, jobs)


def shown(page) -> list[int]:
    """Return the ids of the jobs that a list has."""
    return [int(part.partition('"')[0]) for part in page.text.split('<td><a href="/console/jobs/')[1:]]


def test_jobs_are_found_by_state_type_time_and_owner(organization):
    failed = fragile.failed(organization.id, 2)
    [pending] = waiting(organization.id)
    browser = logged_in(organization.id)
    assert shown(browser.get("/jobs")) == [pending, *reversed(failed)]
    assert shown(browser.get("/jobs?status=failed")) == [*reversed(failed)]
    assert shown(browser.get("/jobs?type=mail.send")) == []
    assert shown(browser.get("/jobs?mine=1")) == []
    chain.ask("UPDATE open_jobs SET created_at = '2026-01-31 12:00Z' WHERE id = %s", failed[0])
    assert shown(browser.get("/jobs?created_until=2026-01-31T12:01")) == [failed[0]]
    assert shown(browser.get("/jobs?created_from=2026-01-31T12:01")) == [pending, failed[1]]
    assert shown(browser.get("/jobs?created_from=soon&status=none")) == [pending, *reversed(failed)]


def test_operators_see_which_jobs_another_organization_has_and_cannot_open_them(organization, other_organization):
    [own], [foreign] = waiting(organization.id), waiting(other_organization.id)
    operator, owner = logged_in(organization.id, "operator"), logged_in(organization.id)
    theirs = f"/jobs?organization={other_organization.id}"
    page = operator.get(theirs)
    assert f"<td>{foreign}</td>" in page.text
    assert shown(page) == []
    assert "All that match" not in page.text
    assert theirs.replace("/jobs", "/console/jobs") in operator.get("/organizations").text
    assert shown(operator.get(f"/jobs?organization={organization.id}")) == [own]
    assert owner.get(theirs).status_code == 403
    assert 'name="organization"' not in owner.get("/jobs").text


def test_two_clicks_at_once_owe_one_job_and_the_second_is_told_of_it(organization, database):
    waiting(organization.id, 2)
    browser = logged_in(organization.id)
    csrf = browser.csrf("/jobs/cancel")
    with psycopg.connect(database) as first, ThreadPoolExecutor(1) as pool:
        first.execute(
            "INSERT INTO open_jobs (organization_id, kind, lane, payload, max_attempts, unique_key)"
            " VALUES (%s, %s, 'default', '{}', 1, 'matching')",
            [organization.id, CANCEL],
        )
        second = pool.submit(browser.post, "/jobs/cancel", {"csrf": csrf})
        wait_until(lambda: chain.value(LOCKED) == 1)
        first.commit()
        answer = second.result()
    assert (answer.status_code, "is at it: wait until it has ended" in text(answer)) == (409, True)


def test_whoever_asked_for_a_job_has_a_name(organization):
    page = text(logged_in(organization.id).get(f"/jobs/{chain.submit(organization, 'Ada')}"))
    assert ("by first" in page, "key:" in page) == (True, False)


def test_types_are_suggested_and_a_number_leads_to_its_job(organization):
    browser = logged_in(organization.id)
    assert f'<option value="{fragile.NAME}">' in browser.get("/jobs").text
    assert browser.get("/jobs?id=7").headers["Location"] == "/console/jobs/7"
    assert browser.get("/jobs?id=../x").headers["Location"] == "/console/jobs"


def test_a_list_without_rows_offers_all(organization):
    assert "No job matches. Show all jobs" in text(logged_in(organization.id).get("/jobs?type=make.tea"))


def test_what_matches_is_counted_by_type_before_it_is_cancelled(organization, other_organization):
    ids = waiting(organization.id, 3)
    waiting(other_organization.id, 2)
    browser = logged_in(organization.id)
    page = browser.get(f"/jobs/cancel?type={fragile.NAME}")
    assert "3 jobs would be cancelled." in text(page)
    assert f"{fragile.NAME} 3" in text(page)
    assert fragile.states() == {"PENDING": 5}, "counting touches nothing"
    answer = browser.act(f"/jobs/cancel?type={fragile.NAME}", f"/jobs/cancel?type={fragile.NAME}")
    [(job_id, total, kinds)] = chain.rows(MADE, CANCEL)
    assert (answer.headers["Location"], total, kinds) == (f"/console/jobs/{job_id}?told=bulk", 3, [fragile.NAME])
    run_jobs(find(CANCEL), [job_id])
    assert [chain.value("SELECT status FROM jobs WHERE id = %s", one) for one in ids] == ["CANCELLED"] * 3
    assert fragile.states() == {"CANCELLED": 3, "PENDING": 2}


def test_what_matches_is_counted_before_it_is_tried_again(organization):
    fragile.failed(organization.id, 150)
    browser = logged_in(organization.id)
    page = browser.get("/jobs/retry?status=failed")
    assert "150 jobs would be tried again." in text(page)
    assert "2 jobs (1 %) are tried first" in text(page)
    answer = browser.act("/jobs/retry?status=failed", "/jobs/retry?status=failed", per_second="20")
    [(job_id, total, _)] = chain.rows(MADE, RETRY)
    assert (answer.headers["Location"], total) == (f"/console/jobs/{job_id}?told=bulk", 150)
    assert fragile.turn(job_id) == ("PENDING", 2)


def test_only_so_many_are_touched_by_one_act_and_that_is_said(organization, monkeypatch):
    monkeypatch.setattr("domain.jobs.bulk.MAX_JOBS", 2)
    waiting(organization.id, 3)
    page = text(logged_in(organization.id).get("/jobs/cancel"))
    assert "2 jobs would be cancelled. More match than one act touches" in page


def test_nothing_to_do_is_said_and_refused(organization):
    browser = logged_in(organization.id)
    assert "nothing would be done" in text(browser.get("/jobs/retry"))
    waiting(organization.id)
    assert "nothing would be done" in text(browser.get("/jobs/cancel?status=failed"))
    refused = browser.act("/account", "/jobs/retry")
    assert (refused.status_code, "there is nothing to do" in text(refused)) == (400, True)


def test_types_that_a_user_may_not_submit_are_not_tried_again(organization):
    fragile.failed(organization.id, 2)
    registry._kinds[fragile.NAME] = replace(fragile.KIND, permission="users:manage")  # until `kind` takes it away
    assert "nothing would be done" in text(logged_in(organization.id, "accountant").get("/jobs/retry"))
    assert "2 jobs would be tried again." in text(logged_in(organization.id).get("/jobs/retry"))


def test_a_clerk_cancels_own_jobs_alone(organization):
    waiting(organization.id)
    browser = logged_in(organization.id, "clerk")
    assert "nothing would be done" in text(browser.get("/jobs/cancel"))
    assert browser.get("/jobs/retry").status_code == 403


def test_a_job_shows_its_way_with_the_time_between_its_steps(organization):
    [job_id] = waiting(organization.id)
    browser = logged_in(organization.id)
    assert "accepted" in text(browser.get(f"/jobs/{job_id}"))
    chain.ask("UPDATE outbox SET published_at = created_at + interval '40 ms' FROM jobs WHERE id = job_id")
    assert "published" in text(browser.get(f"/jobs/{job_id}"))
    run_jobs(fragile.KIND, [job_id])
    start = datetime.fromisoformat("2026-01-31T12:00:00Z")
    moments = [start, start + timedelta(milliseconds=1500), start + timedelta(milliseconds=1512)]
    chain.ask("UPDATE jobs SET created_at = %s, started_at = %s, completed_at = %s WHERE id = %s", *moments, job_id)
    way = text(browser.get(f"/jobs/{job_id}")).partition("Its way")[2].partition("Payload")[0]
    assert "accepted 2026-01-31 12:00:00" in way
    assert "claimed 2026-01-31 12:00:01 +1.5 s" in way
    assert "committed 2026-01-31 12:00:01 +12 ms" in way


def test_the_way_of_a_failed_job_has_each_attempt_with_its_error(organization):
    [job_id] = fragile.failed(organization.id, 1)
    chain.ask("UPDATE job_attempts SET outcome = 'retried', error = 'the mill is shut' WHERE job_id = %s", job_id)
    way = text(logged_in(organization.id).get(f"/jobs/{job_id}")).partition("Its way")[2].partition("Payload")[0]
    assert "retried" in way
    assert "the mill is shut" in way


def test_the_way_ends_with_the_events_and_deliveries_that_the_job_caused(organization):
    with transaction() as session:
        feed.open_stream(session, organization.id)
    [other, job_id] = waiting(organization.id, 2)
    with transaction() as session:
        for one in (other, job_id):
            job_rows.cancel(session, organization.id, one)
        owe_sequence(session, organization.id)
    chain.run_waiting("events.sequence")
    [sequence] = [
        number for number, data in chain.rows("SELECT sequence, data FROM events") if data["jobId"] == job_id
    ]  # fmt: skip
    chain.ask(
        "INSERT INTO webhooks (organization_id, url, event_types, secret) VALUES (%s, 'https://x/', '{*}', '')",
        organization.id,
    )
    chain.ask(
        "INSERT INTO deliveries (organization_id, webhook_id, sequence, job_id, delivered_at) "
        "VALUES (%s, 1, %s, 99, clock_timestamp())", organization.id, sequence,
    )  # fmt: skip
    way = text(logged_in(organization.id).get(f"/jobs/{job_id}")).partition("Its way")[2].partition("Payload")[0]
    assert [way.count(word) for word in ("told", "delivered", "job.cancelled")] == [1, 1, 2]
    assert way.index("told") < way.index("delivered"), "the steps in order"
    assert "Webhook 1" in way
    assert "told" in text(logged_in(organization.id, "viewer").get(f"/jobs/{other}"))


@pytest.mark.parametrize("place", range(1, 8))
def test_the_events_of_a_job_are_found_wherever_they_stand(place, organization):
    for number in range(1, 8):
        data = orjson.dumps({"jobId": 1000 + number}).decode()
        told = f"'2026-01-31 12:0{number}Z'"
        chain.ask(
            "INSERT INTO events (organization_id, sequence, id, type, data, created_at, sequenced_at) "
            f"VALUES (%s, %s, gen_random_uuid(), 'job.failed', %s, {told}, {told})", organization.id, number + 5, data,
        )  # fmt: skip
    [job_id] = fragile.failed(organization.id, 1)
    chain.ask("UPDATE open_jobs SET id = %s, completed_at = %s WHERE id = %s",
              1000 + place, f"2026-01-31 12:0{place}Z", job_id)  # fmt: skip
    assert "job.failed" in text(logged_in(organization.id).get(f"/jobs/{1000 + place}"))


def test_an_issued_invoice_is_named_by_its_job(organization):
    job_id = chain.submit(organization, "Ada")
    run_jobs(find("invoice.generate"), [job_id])
    page = text(logged_in(organization.id).get(f"/jobs/{job_id}"))
    assert "Invoice INV-000001" in page


def test_a_payload_is_shown_without_secrets_and_what_concerns_persons(organization):
    job_id = chain.submit(organization, "Ada Lovelace")
    page = logged_in(organization.id).get(f"/jobs/{job_id}").text
    assert "Ada Lovelace" not in page
    assert "&#34;client&#34;: &#34;•••&#34;" in page
    assert "&#34;supplier_id&#34;: 1" in page
    hidden = {"password": "s3cret-1", "nested": [{"apiKey": "s3cret-2", "access_token": "s3cret-3"}], "monkey": "seen"}
    [job_id] = waiting(organization.id, **hidden)
    page = logged_in(organization.id, "viewer").get(f"/jobs/{job_id}").text
    assert ("s3cret" in page, "seen" in page) == (False, True)


def test_a_long_payload_is_cut(organization):
    fragile.failed(organization.id, 30)
    browser = logged_in(organization.id)
    browser.act("/jobs/retry", "/jobs/retry")
    [(job_id, _, _)] = chain.rows(MADE, RETRY)
    assert "… 10 more" in browser.get(f"/jobs/{job_id}").text


def test_a_user_of_another_organization_opens_no_job_and_touches_none(organization, other_organization):
    [job_id] = waiting(organization.id)
    stranger = logged_in(other_organization.id)
    assert stranger.get(f"/jobs/{job_id}").status_code == 404
    assert shown(stranger.get("/jobs")) == []
    assert "nothing would be done" in text(stranger.get("/jobs/cancel"))
    assert stranger.act("/account", f"/jobs/{job_id}/cancel").status_code == 404


def test_one_job_is_cancelled_and_tried_again_from_its_page(organization):
    [job_id] = waiting(organization.id)
    browser = logged_in(organization.id)
    page = f"/jobs/{job_id}"
    assert browser.act(page, f"{page}/cancel").headers["Location"] == f"/console{page}?told=cancelled"
    assert browser.act(page, f"{page}/retry").headers["Location"] == f"/console{page}?told=retried"
    assert fragile.states() == {"PENDING": 1}
    refused = browser.act(page, f"{page}/retry")
    assert (refused.status_code, "only a failed or cancelled job can be retried" in text(refused)) == (409, True)

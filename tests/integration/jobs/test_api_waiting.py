"""Waiting well: version tags, when to come again, long polls; and why a job is not done yet."""

import re
import threading
from contextlib import ExitStack
from uuid import uuid4

import pytest

from api.http.shares import EXTENSION
from api.http.subscribers import subscribers
from api.jobs.schemas import JobState
from api.jobs.state import Follower, described
from db import jobs as job_rows
from db import outbox
from db.jobs import NewJob
from db.transaction import transaction
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.priorities import MAX_OWN, ranked
from domain.jobs.registry import Kind
from tests import chain
from tests.caller import application
from tests.conftest import configure
from tests.integration.jobs.test_api_jobs import JOBS
from tests.integration.jobs.test_moves import bring, owe
from tests.integration.jobs.test_presence import beat
from tests.tenant import new_tenant
from tests.waiting import wait_until

REQUESTS = "/api/v1/invoice-requests"
PROBE = Kind("probe", lambda _, jobs: [{} for _ in jobs])


def explained(client, job_id: int) -> dict:
    answer = client.get(f"{JOBS}/{job_id}/explain")
    assert answer.status_code == 200, answer.json
    return answer.json


def relayed(job_id: int, seconds_ago: float) -> None:
    chain.ask(
        "UPDATE outbox SET published_at = clock_timestamp() - %s * interval '1 second',"
        " due_at = clock_timestamp() + interval '8 seconds' WHERE job_id = %s", seconds_ago, job_id,
    )  # fmt: skip


@pytest.mark.parametrize("path", [JOBS, REQUESTS])
def test_what_has_not_changed_is_not_sent_again(client, organization, path):
    job_id = chain.submit(organization, "Client")
    first = client.get(f"{path}/{job_id}")
    assert first.status_code == 200
    again = client.get(f"{path}/{job_id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    with transaction() as session:
        job_rows.cancel(session, organization.id, job_id)
    changed = client.get(f"{path}/{job_id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.json["status"].lower()) == (200, "cancelled")


def test_a_running_jobs_duration_alone_makes_no_new_version(client, organization):
    job_id, _ = bring(organization.id, Status.PROCESSING)
    first, second = (client.get(f"{JOBS}/{job_id}") for _ in range(2))
    assert first.headers["ETag"] == second.headers["ETag"]


def test_what_has_ended_asks_nobody_to_come_again(client, organization):
    job_id = owe(organization.id)
    assert int(client.get(f"{JOBS}/{job_id}").headers["Retry-After"]) >= 1
    run_jobs(PROBE, [job_id])
    assert "Retry-After" not in client.get(f"{JOBS}/{job_id}").headers


def test_when_to_come_again_follows_the_backlog_and_its_drain_rate(client, organization):
    """Twenty jobs in ten seconds, forty before it: twenty seconds."""
    done = [owe(organization.id) for _ in range(20)]
    for job_id in done:
        run_jobs(PROBE, [job_id])
    chain.ask("UPDATE jobs SET completed_at = clock_timestamp() - interval '10 seconds'")
    for _ in range(40):
        owe(organization.id)
    job_id = owe(organization.id)
    assert int(client.get(f"{JOBS}/{job_id}").headers["Retry-After"]) == pytest.approx(20, abs=2)
    chain.ask("UPDATE jobs SET available_at = clock_timestamp() + interval '30 seconds' WHERE id = %s", job_id)
    assert int(client.get(f"{JOBS}/{job_id}").headers["Retry-After"]) == pytest.approx(30, abs=1)


def test_a_long_poll_is_answered_when_the_job_ends(client, organization):
    job_id = owe(organization.id)
    later = threading.Timer(0.7, lambda: run_jobs(PROBE, [job_id]))
    later.start()
    answer = client.get(f"{JOBS}/{job_id}", headers={"Prefer": "respond-async, wait=15"})
    later.join()
    assert (answer.json["status"], answer.headers["Preference-Applied"]) == ("completed", "wait=15")


def test_a_long_poll_with_a_version_is_answered_when_the_job_changes(client, organization):
    job_id = owe(organization.id)
    seen = client.get(f"{JOBS}/{job_id}").headers["ETag"]
    later = threading.Timer(0.7, lambda: queue_claim(job_id))
    later.start()
    answer = client.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=15", "If-None-Match": seen})
    later.join()
    assert (answer.status_code, answer.json["status"]) == (200, "processing")


def queue_claim(job_id: int) -> None:
    with transaction() as session:
        job_rows.claim(session, "probe", [job_id], uuid4(), lease=60, worker="somewhere:1")


def test_a_long_poll_ends_with_its_time_and_holds_no_connection(client, organization, database):
    job_id = owe(organization.id)
    busy: list[int] = []
    looking = threading.Timer(0.3, lambda: busy.append(chain_busy()))
    looking.start()
    answer = client.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=1"})
    looking.join()
    assert (answer.json["status"], answer.headers["Preference-Applied"]) == ("pending", "wait=1")
    assert busy == [0]


def chain_busy() -> int:
    return chain.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'counterfoil'"
                       " AND datname = current_database() AND state <> 'idle'")  # fmt: skip


def test_only_half_of_the_threads_wait(client, organization):
    job_id = owe(organization.id)
    shares = application().extensions[EXTENSION]
    assert shares.long_polls.slots == shares.requests.slots // 2
    with ExitStack() as held:
        for stranger in range(shares.long_polls.slots):
            held.enter_context(shares.long_polls.share(-1 - stranger))
        answer = client.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=15"})
    assert "Preference-Applied" not in answer.headers, "it waited although no thread was free for that"


def test_a_stream_begins_after_the_last_event_seen(client, organization):
    job_id = owe(organization.id)
    run_jobs(PROBE, [job_id])
    whole = client.get(f"{JOBS}/{job_id}/events")
    assert whole.mimetype == "text/event-stream"
    lines = whole.get_data(as_text=True).splitlines()
    assert lines[1] == "event: completed"
    seen = lines[0].removeprefix("id: ")
    again = client.get(f"{JOBS}/{job_id}/events", headers={"Last-Event-ID": seen})
    assert (again.status_code, again.data) == (204, b""), "an EventSource would come again for ever"


def test_a_stream_ends_in_time_so_that_its_key_is_looked_at_anew(client, organization, monkeypatch):
    monkeypatch.setattr("api.http.subscribers.MAX_STREAM_S", 0.0)
    job_id = owe(organization.id)
    first = client.get(f"{JOBS}/{job_id}/events").get_data(as_text=True)
    assert first.count("event: pending") == 1
    chain.ask("UPDATE api_keys SET revoked_at = now()")
    assert client.get(f"{JOBS}/{job_id}/events").status_code == 401


def test_a_queued_job_says_what_stands_before_it(client, organization):
    with transaction() as session:
        for priority, count in ((1, 3), (2, 5)):
            job_rows.enqueue(session, "probe", "default", priority, 3, [NewJob(organization.id, {})] * count)
        stranger = new_tenant("Third")
        for priority in (MAX_OWN, ranked(2)):
            job_rows.enqueue(session, "probe", "default", priority, 3, [NewJob(stranger.id, {})])
    owe(stranger.id)
    told = explained(client, owe(organization.id))
    assert (told["status"], told["reason"]) == ("pending", "queued")
    expected = {"higherPriority": 6, "sameOrganization": 3, "organizationsWaiting": 2, "share": 0.5}
    assert told["position"] == expected
    assert told["text"] == (
        "6 jobs of higher priority and 3 of its own organization stand before it; 2 organizations take turns."
    )
    assert told["expectedStartAt"] is None, "nothing was drained yet, so nobody can know"


def test_one_of_a_thing_is_told_in_the_singular(client, organization):
    owe(organization.id)
    told = explained(client, owe(organization.id))
    alone = "0 jobs of higher priority and 1 of its own organization stands before it; 1 organization takes turns."
    assert told["text"] == alone


def test_a_job_that_waits_for_its_next_attempt_says_until_when(client, organization):
    job_id, token = bring(organization.id, Status.PROCESSING)
    with transaction() as session:
        job_rows.set_aside(session, token, [job_rows.Failure(job_id, "the line was busy", 60)])
    told = explained(client, job_id)
    assert (told["reason"], told["nextRetryAt"]) == ("waits_for_retry", told["expectedStartAt"])
    assert "the line was busy" in told["text"]


def reported(reaches_broker: bool = True, seconds_ago: float = 1) -> None:
    with transaction() as session:
        outbox.report(session, listening=True, reaches_broker=reaches_broker)
    chain.ask("UPDATE relay_state SET reported_at = clock_timestamp() - %s * interval '1 second'", seconds_ago)


def due_for_seven_seconds(organization) -> int:
    job_id = owe(organization.id)
    chain.ask("UPDATE outbox SET due_at = clock_timestamp() - interval '7 seconds'")
    return job_id


def test_a_message_that_no_worker_takes_is_named(client, organization):
    job_id = owe(organization.id)
    reported()
    relayed(job_id, 7)
    told = explained(client, job_id)
    assert (told["reason"], told["expectedStartAt"]) == ("no_worker", None)
    assert told["text"].startswith("It was sent to lane default 7 s ago, and nothing runs there")
    assert told["text"].endswith("no worker that serves the lane lives. Start one with `counterfoil worker`.")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (
            "seen_at = seen_at - interval '20 seconds'",
            "no worker that serves the lane lives; the last, one, was seen 20 s",
        ),
        ("kinds = ARRAY['other']", "none of the workers that live (version 1.0) knows the kind probe. Update them."),
        ("lanes = ARRAY['io']", "no worker that serves the lane lives. Start one"),
        ("pid = pid", "worker one lives and takes nothing. Restart it."),
    ],
)
def test_the_workers_own_heartbeats_say_why_none_takes_a_job(client, organization, change, word):
    beat("one")
    chain.ask(f"UPDATE processes SET {change}")
    job_id = owe(organization.id)
    reported()
    relayed(job_id, 7)
    assert word in explained(client, job_id)["text"]


def test_a_running_job_says_when_its_worker_has_fallen_silent(client, organization):
    job_id, _ = bring(organization.id, Status.PROCESSING)
    chain.ask("UPDATE jobs SET worker = 'one/17'")
    beat("one")
    assert "Nothing was heard" not in explained(client, job_id)["text"]
    chain.ask("UPDATE processes SET seen_at = seen_at - interval '20 seconds'")
    told = explained(client, job_id)
    assert told["reason"] == "running"
    assert re.search(r"Nothing was heard of it for [2-4]\d s: the job goes on elsewhere", told["text"])


def test_without_relay_and_worker_the_relay_is_named_and_of_the_worker_nothing_is_claimed(client, organization):
    job_id = due_for_seven_seconds(organization)
    never = explained(client, job_id)
    assert never["reason"] == "no_relay"
    assert "no relay has ever reported. Start one with `counterfoil relay`." in never["text"]
    reported(seconds_ago=40)
    told = explained(client, job_id)
    assert (told["reason"], told["expectedStartAt"]) == ("no_relay", None)
    assert re.search(r"no relay has reported for [4-6]\d s", told["text"])


def test_with_a_relay_alone_the_worker_is_named(client, organization):
    job_id = due_for_seven_seconds(organization)
    reported()
    told = explained(client, job_id)
    assert (told["reason"], told["expectedStartAt"]) == ("no_worker", None)
    assert "a relay reported 1 s ago that it reaches the broker" in told["text"]


def test_a_relay_without_its_broker_says_so(client, organization):
    job_id = due_for_seven_seconds(organization)
    reported(reaches_broker=False)
    told = explained(client, job_id)
    assert (told["reason"], told["expectedStartAt"]) == ("no_broker", None)
    assert "a relay reported 1 s ago that it cannot reach the broker" in told["text"]


def test_a_relay_at_rest_reports_every_two_seconds_at_the_most(database):
    versions = set()
    for _ in range(5):
        with transaction() as session:
            outbox.report(session, listening=True, reaches_broker=True)
        versions.add(chain.value("SELECT xmin FROM relay_state"))
    assert len(versions) == 1


def test_a_job_that_was_sent_a_moment_ago_says_so(client, organization):
    job_id = owe(organization.id)
    relayed(job_id, 0.1)
    assert explained(client, job_id)["reason"] == "sent"


def test_a_paused_kind_is_named(client, organization):
    job_id = owe(organization.id)
    chain.ask("INSERT INTO pauses (what, name) VALUES ('kind', 'probe')")
    assert explained(client, job_id)["reason"] == "paused"
    chain.ask("UPDATE outbox SET due_at = clock_timestamp() - interval '7 seconds'")
    reported()
    assert explained(client, job_id)["reason"] == "paused", "what is paused lacks no part"


def test_an_organization_at_its_limit_is_told(client, organization):
    chain.ask("UPDATE organizations SET max_running = 1")
    bring(organization.id, Status.PROCESSING)
    assert explained(client, owe(organization.id))["reason"] == "at_its_limit"


def test_a_running_job_names_its_worker_and_its_lease(client, organization):
    job_id = owe(organization.id)
    queue_claim(job_id)
    told = explained(client, job_id)
    assert (told["reason"], told["worker"]) == ("running", "somewhere:1")
    assert 0 <= told["leaseAgeSeconds"] < 30
    assert told["leaseExpiresAt"]


def test_what_has_ended_needs_no_explanation(client, organization):
    job_id, _ = bring(organization.id, Status.COMPLETED)
    assert explained(client, job_id)["text"] == "The job is completed."


def test_what_has_failed_or_was_cancelled_says_why_and_how_it_goes_on(client, organization):
    failed, token = bring(organization.id, Status.PROCESSING)
    with transaction() as session:
        job_rows.set_aside(session, token, [job_rows.Failure(failed, "the client is unknown", None)])
    again = "POST /api/v1/jobs/{}/retry runs it again, and goes on where it stopped."
    told = explained(client, failed)["text"]
    assert told == f"The job failed after 1 attempt: the client is unknown. {again.format(failed)}"
    assert client.post(f"{JOBS}/{failed}/retry").status_code == 200
    cancelled, _ = bring(organization.id, Status.CANCELLED)
    assert explained(client, cancelled)["text"] == f"The job was cancelled. {again.format(cancelled)}"


def test_a_subscriber_that_has_left_is_forgotten_though_the_database_is_away(client, organization):
    job_id = owe(organization.id)
    configure(database_url="postgresql://nobody@127.0.0.1:1/none")
    subscribers().wait(organization.id, Follower(job_id, None, described(JobState())), 0.01)
    wait_until(lambda: not subscribers()._all, 5, "the subscriber that left is kept")

"""Home says what needs somebody now, with a link and what helps, of one's own organization alone."""

import re
from collections.abc import Iterator

import pytest

from console.sentences import SENTENCES
from db import presence
from db.transaction import report, transaction
from domain import attention
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import Status
from domain.jobs.monitoring import queues
from domain.jobs.registry import find
from tests import chain
from tests.browser import logged_in, text
from tests.integration.jobs.test_moves import bring, owe

WELL = "All is well: no job failed lately"
# Each makes one thing of organization %s need somebody: what is done, and what home says then.
NEEDS = {
    "webhooks_failing": (
        "INSERT INTO webhooks (organization_id, url, event_types, secret, failing_since)"
        " VALUES (%s, 'https://a.example', '{*}', '', clock_timestamp() - interval '2 days')",
        "One webhook fails, and is disabled once it has failed for five days.",
    ),
    "webhooks_disabled": (
        "INSERT INTO webhooks (organization_id, url, event_types, secret, enabled, disabled_reason)"
        " VALUES (%s, 'https://a.example', '{*}', '', false, 'no delivery succeeded for 5 days')",
        "One webhook is disabled, as nothing could be delivered.",
    ),
    "mailboxes_failing": (
        "INSERT INTO mailboxes (organization_id, name, host, port, security, login, auth, credentials, folder,"
        " every_minutes, failing_since) VALUES (%s, 'Bills', 'imap.example', 993, 'tls', 'a', 'password', '',"
        " 'INBOX', 5, clock_timestamp())",
        "One mailbox cannot be read.",
    ),
    "automations_disabled": (
        "INSERT INTO automations (organization_id, owner, name, event_type, conditions, actions, enabled,"
        " disabled_reason) VALUES (%s, 'key:1', 'A', 'invoice.created', '{}', '[]', false, '10 runs failed in a row')",
        "One automation was disabled.",
    ),
    "schedules_troubled": (
        "INSERT INTO schedules (organization_id, keeper, name, kind, every_seconds, next_at, last_slot, last_error)"
        " VALUES (%s, 'caller', 'Nightly', 'probe', 60, clock_timestamp(), clock_timestamp(), 'unknown kind')",
        "One schedule could not make its job.",
    ),
    "numbering_broken": (
        "INSERT INTO series_audits SELECT id, 'invoice', organization_id, clock_timestamp(), false FROM suppliers"
        " WHERE organization_id = %s",
        "In one series numbers are missing, or something was changed.",
    ),
    "mails_refused": (
        "INSERT INTO mails (organization_id, recipients, template, locale_code, subject, message_id, status)"
        " VALUES (%s, '[]', 'invoice', 'en', 'Your invoice', '<a@b>', 'refused')",
        "One mail was refused lately.",
    ),
}


@pytest.mark.parametrize("need", NEEDS)
def test_what_needs_somebody_is_said_to_its_organization_alone(need, organization, other_organization):
    viewer, stranger = logged_in(organization.id, "viewer"), logged_in(other_organization.id)
    assert WELL in text(viewer.get("/"))
    statement, said = NEEDS[need]
    chain.ask(statement, organization.id)
    page = text(viewer.get("/"))
    assert said in page
    assert WELL not in page
    assert WELL in text(stranger.get("/"))


def test_a_failed_job_has_its_link_and_a_button_for_whoever_may(organization):
    bring(organization.id, Status.FAILED)
    viewer, accountant = logged_in(organization.id, "viewer"), logged_in(organization.id, "accountant")
    assert '<a href="/console/jobs/1">One job failed lately.</a>' in viewer.get("/").text
    assert "Try again" not in viewer.get("/").text
    assert "Try again" in accountant.get("/").text
    assert accountant.act("/", "/jobs/1/retry").status_code == 303
    assert WELL in text(accountant.get("/"))


def test_many_failed_jobs_lead_to_all_and_those_of_long_ago_are_not_told(organization):
    for _ in range(2):
        bring(organization.id, Status.FAILED)
    viewer = logged_in(organization.id, "viewer")
    assert '<a href="/console/failures">2 jobs failed lately.</a>' in viewer.get("/").text
    chain.ask("UPDATE open_jobs SET completed_at = completed_at - interval '4 days'")
    assert WELL in text(viewer.get("/"))


def test_a_count_ends_where_nobody_needs_the_number(organization, monkeypatch):
    monkeypatch.setattr("domain.counting.MAX_COUNTED", 2)
    monkeypatch.setattr("console.sentences.MAX_COUNTED", 2)
    monkeypatch.setattr("domain.attention._asking", attention._asking.__wrapped__)
    for _ in range(4):
        bring(organization.id, Status.FAILED)
    assert "2+ jobs failed lately." in text(logged_in(organization.id).get("/"))


@pytest.mark.parametrize("sent", [False, True], ids=["waiting", "sent and not claimed"])
def test_a_job_that_waits_for_long_is_told_and_one_of_later_is_not(sent, organization, other_organization):
    for one in (organization, other_organization):
        owe(one.id)
    viewer = logged_in(organization.id, "viewer")
    assert WELL in text(viewer.get("/"))
    chain.ask("UPDATE open_jobs SET available_at = available_at - interval '2 minutes' WHERE organization_id = %s",
              organization.id)  # fmt: skip
    if sent:
        chain.ask("UPDATE outbox SET published_at = clock_timestamp(), due_at = due_at + interval '8 seconds'")
    assert "The oldest job in lane default still waits." in text(viewer.get("/"))
    assert WELL in text(logged_in(other_organization.id).get("/"))
    assert "lane default still waits" in text(logged_in(other_organization.id, "operator").get("/"))
    chain.ask("UPDATE open_jobs SET available_at = available_at + interval '1 hour'")
    assert WELL in text(viewer.get("/"))


def test_every_stream_of_an_organization_is_looked_at_for_the_oldest_wait(organization, other_organization):
    chain.ask(
        """WITH made AS (
            INSERT INTO open_jobs
                (organization_id, kind, lane, priority, payload, max_attempts, status, available_at)
            SELECT CASE WHEN n %% 3 = 0 THEN %s ELSE %s END, 'kind-' || n %% 5,
                (ARRAY['urgent', 'default', 'io'])[1 + n %% 7 %% 3], n %% 4, '{}', 3, 'PENDING',
                clock_timestamp() - make_interval(secs => 1000 + (n * 7919) %% 500)
            FROM generate_series(1, 300) AS n RETURNING *)
        INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)
        SELECT id, organization_id, kind, lane, priority, '', available_at FROM made""",
        other_organization.id, organization.id,
    )  # fmt: skip
    counted = "SELECT lane, min(available_at) FROM open_jobs {} GROUP BY lane ORDER BY lane"
    with transaction() as session:
        for one in (organization, other_organization):
            own = chain.rows(counted.format("WHERE organization_id = %s"), one.id)
            assert queues.oldest_waits(session, one.id) == own
        assert queues.oldest_waits(session) == chain.rows(counted.format(""))


def test_bills_that_wait_are_told_by_what_they_wait_for(organization):
    chain.ask(
        """INSERT INTO files (organization_id, sha256, media_type, size, write_id)
        SELECT %s, sha256(CAST(n AS text)::bytea), 'application/pdf', 1, n FROM generate_series(1, 4) AS n""",
        organization.id,
    )
    chain.ask(
        """INSERT INTO bills (organization_id, sha256, file_name, source, status)
        SELECT organization_id, sha256, 'a', 'upload',
            (ARRAY['needs_review', 'needs_review', 'processed', 'error'])[row_number() OVER ()] FROM files"""
    )
    page = text(logged_in(organization.id, "viewer").get("/"))
    assert "2 bills wait for review." in page
    assert "One bill waits for approval." in page
    assert "One bill could not be read." in page


def test_an_invoice_is_overdue_the_day_after_it_was_due_until_it_is_paid(organization):
    for name in ("late", "paid", "due today"):
        run_jobs(find("invoice.generate"), [chain.submit(organization, name)])
    due = "UPDATE invoices SET due_date = CAST(statement_timestamp() AT TIME ZONE 'UTC' AS date) - %s WHERE id = %s"
    chain.ask("ALTER TABLE invoices DISABLE TRIGGER ALL")
    for invoice_id, days in ((1, 1), (2, 30), (3, 0)):
        chain.ask(due, days, invoice_id)
    viewer = logged_in(organization.id, "viewer")
    assert "2 invoices are overdue." in text(viewer.get("/"))
    number = chain.value("SELECT invoice_number FROM invoices WHERE id = 2")
    paid = chain.post(organization, f"/api/v1/invoices/{number}/payments", {"amount": "25.20"})
    assert paid.status_code == 201
    assert "One invoice is overdue." in text(viewer.get("/"))


def test_an_operator_is_told_of_the_installation_and_an_owner_is_not(organization):
    operator, owner = logged_in(organization.id, "operator"), logged_in(organization.id)
    operator.act("/lanes", "/lanes/kind/invoice.generate/pause")
    chain.ask("INSERT INTO canaries (lane, unanswered_since) VALUES ('io', clock_timestamp() - interval '5 minutes')")
    page = text(operator.get("/"))
    for said in ("No relay runs: start one", "No worker answers in lane io: start", "Kind invoice.generate is paused."):
        assert said in page
    assert "Resume" in page
    assert "The installation" not in text(owner.get("/"))
    for part in ("relay", "worker", "io", "ocr", "beat"):
        with transaction() as session:
            presence.heartbeat(session, presence.Process(part, part, "h", 1, "1", [], []), 6.0, 15.0, 0.0)
    chain.ask("DELETE FROM canaries")
    operator.act("/lanes", "/lanes/kind/invoice.generate/resume")
    assert "All is well: every part lives" in text(operator.get("/"))


@pytest.fixture
def hours(organization, other_organization) -> Iterator[None]:
    """Two hours ago 60 jobs waited 10 ms and 60 for hours; an hour ago, of another organization, 120 a second."""
    chain.ask("""INSERT INTO wait_statistics (hour, worker, lane, organization_id, wait_counts) VALUES
        (date_trunc('hour', clock_timestamp()) - interval '2 hours', '', 'default', 1,
            '{60,0,0,0,0,0,0,0,0,0,0,0,0,0,60}'),
        (date_trunc('hour', clock_timestamp()) - interval '1 hour', '', 'default', 2,
            '{0,0,0,0,0,120,0,0,0,0,0,0,0,0,0}')""")


def test_the_last_hours_show_what_workers_took_and_how_long_it_waited(hours, organization):
    with report() as session:
        own, of_all = queues.hours(session, 3, organization.id), queues.hours(session, 3)
    assert [(one.jobs, one.jobs_per_minute, one.p50_seconds) for one in own[:2]] == [(120, 2.0, 0.01), (0, 0.0, None)]
    assert own[0].p99_seconds == float("inf")
    assert [(one.jobs, one.p99_seconds) for one in of_all[1:]] == [(120, 1.0), (0, None)]
    page = logged_in(organization.id, "viewer").get("/").text
    assert len(re.findall('<th scope="row"><time', page)) == 24
    assert "more than 2 h 0 min" in page


def test_each_need_has_its_sentence():
    assert SENTENCES.keys() == set(attention.Need)

"""The clock of the database is put back: what waits beside the jobs goes on as was meant, too."""

import pytest

from db.transaction import transaction
from domain.events import feed
from domain.events.telling import KIND, News, tell
from domain.jobs.upkeep.clock import follow_clock
from tests import chain
from tests.clock import Clock

NOW = "shifted.clock_timestamp()"
# The step is known only as well as the clock was looked at before it.
SLACK_S = 10
WEBHOOK = f"""
    INSERT INTO webhooks (organization_id, url, event_types, secret, enabled, paused_until)
    VALUES (%s, 'https://example.com', '{{*}}', '', true, {NOW} + interval '10 minutes')"""
MAILBOX = f"""
    INSERT INTO mailboxes (organization_id, name, host, port, security, login, auth, credentials, folder, every_minutes,
        filter, after, enabled, next_sync_at)
    VALUES (%s, 'Bills', 'localhost', 993, 'tls', 'ada', 'password', '', 'INBOX', 15, '{{}}', 'keep', true,
        {NOW} + interval '10 minutes')"""
GUESS = f"INSERT INTO login_attempts (counter, per_hour, level, counted_at) VALUES ('', 10, 10, {NOW})"
WAITS = "SELECT extract(epoch FROM {} - " + NOW + ")::float FROM {}"
PLACES = (("paused_until", "webhooks"), ("next_sync_at", "mailboxes"), ("counted_at", "login_attempts"))


@pytest.fixture
def clock(database, organization) -> Clock:
    return Clock(database)


def test_webhooks_mailboxes_and_guesses_wait_for_as_long_as_was_meant(clock, organization):
    chain.ask(WEBHOOK, organization.id)
    chain.ask(MAILBOX, organization.id)
    chain.ask(GUESS)
    follow_clock()
    clock.put("-2 hours")
    follow_clock()
    waits = [chain.value(WAITS.format(*place)) for place in PLACES]
    assert waits == pytest.approx([600, 600, 0], abs=SLACK_S)


def test_what_is_told_after_a_step_back_is_numbered_at_once(clock, organization):
    with transaction() as session:
        feed.open_stream(session, organization.id)
    for step in ("0 seconds", "-2 hours"):
        clock.put(step)
        follow_clock()
        with transaction() as session:
            tell(session, organization.id, [News("webhook.pinged", {})])
        clock.put("1 second")
        chain.run_waiting(KIND)
    assert chain.value("SELECT count(*) FROM events") == 2, "its number waits for the old time"

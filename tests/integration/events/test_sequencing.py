"""Events: told with their change, numbered 1 to n for each organization, and none for who never asked."""

import threading

import pytest

from db.transaction import transaction
from domain.events import feed
from domain.events.feed import Event
from domain.events.telling import KIND, News, tell
from domain.invoices import generation
from domain.webhooks import fan_out
from tasks.app import sweep
from tests import bodies, chain
from tests.caller import Caller
from tests.checker import check
from tests.tenant import Tenant
from tests.waiting import wait_until

PINGED = "webhook.pinged"
OWED = "SELECT count(*) FROM open_jobs WHERE kind = 'events.sequence'"
PENDING = "SELECT count(*) FROM pending_events"


def listen(organization: Tenant) -> None:
    with transaction() as session:
        feed.open_stream(session, organization.id)


def told(organization: Tenant, after: int = 0) -> list[Event]:
    """Return the organization's events, once all are numbered."""
    chain.run_waiting(KIND)
    with transaction() as session:
        return feed.after(session, organization.id, after, "*", 10_000)


def ping(organization: Tenant, *numbers: int) -> None:
    with transaction() as session:
        tell(session, organization.id, [News(PINGED, {"number": number}) for number in numbers])


def test_an_organization_that_never_asked_has_no_events_and_pays_for_none(organization: Tenant, client: Caller) -> None:
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    chain.submit(organization, "Client")
    chain.run_waiting("invoice.generate")
    assert (chain.value(PENDING), chain.value(OWED), chain.value("SELECT count(*) FROM events")) == (0, 0, 0)


def test_each_change_of_an_invoice_is_told_with_what_it_is_about(organization: Tenant, client: Caller) -> None:
    listen(organization)
    body = bodies.invoice(organization.supplier_id, dueDate="2999-01-01")
    issued = client.post("/invoices/generate?unpaid=true", body).json["invoiceNumber"]
    client.post(f"/api/v1/invoices/{issued}/mark-issued")
    client.post(f"/api/v1/invoices/{issued}/credit", {"reason": "broken"})
    request = chain.submit(organization, "Client")
    chain.run_waiting("invoice.generate")
    events = told(organization)
    assert [(event.sequence, event.type) for event in events] == [
        (1, "invoice.issued"), (2, "invoice.marked_issued"), (3, "invoice.credited"), (4, "invoice.issued"),
    ]  # fmt: skip
    said = [chain.value("SELECT CAST(%s AS jsonb)", event.data) for event in events]
    shown = client.get(f"/api/v1/invoices/{issued}").json
    assert said[0]["invoiceNumber"] == issued
    assert f'"total": {shown["total"]}' in events[0].data, "an amount is told as the number that it is"
    assert said[2]["creditedInvoiceId"] == said[0]["invoiceId"] == said[1]["invoiceId"]
    assert ("requestId" in said[0], said[3]["requestId"]) == (False, request)


def test_a_request_that_fails_and_a_job_that_is_cancelled_are_told(organization: Tenant, client: Caller) -> None:
    listen(organization)
    failed = chain.submit(organization, "Client")
    other = chain.submit(organization, "Other")
    chain.ask("UPDATE open_jobs SET status = 'FAILED', error = 'no', completed_at = now() WHERE id = %s", failed)
    client.post(f"/api/v1/jobs/{other}/cancel")
    assert chain.value(OWED) == 0
    chain.ask("UPDATE pending_events SET created_at = created_at - interval '1 minute'")
    sweep()
    events = told(organization)
    assert [(event.type, chain.value("SELECT CAST(%s AS jsonb) -> 'jobId'", event.data)) for event in events] == [
        ("invoice_request.failed", failed), ("job.cancelled", other),
    ]  # fmt: skip


def test_events_of_a_rush_are_numbered_together_and_a_single_one_at_once(organization: Tenant) -> None:
    listen(organization)
    waits = "SELECT array_agg(due_at > clock_timestamp() ORDER BY due_at) FROM outbox WHERE kind = 'events.sequence'"
    ping(organization, 1)
    assert chain.value(waits) == [False], "long after the last events were numbered, if ever any were"
    told(organization)
    chain.ask("UPDATE event_streams SET sequenced_at = clock_timestamp() + interval '1 hour'")
    for number in range(2, 5):
        ping(organization, number)
    assert chain.value(waits) == [True] * 3
    due = "SELECT max(due_at) - min(due_at) < interval '0.1 s' FROM outbox WHERE kind = 'events.sequence'"
    assert chain.value(due), "however long the rush, they are due at the same time"
    chain.ask("UPDATE event_streams SET sequenced_at = clock_timestamp() - interval '1 s'")
    ping(organization, 5)
    assert chain.value(waits)[0] is False


def test_what_is_rolled_back_is_not_told(organization: Tenant) -> None:
    listen(organization)
    with chain.rolled_back() as session:
        generation.issue(session, [organization.request()])
    assert (chain.value(PENDING), told(organization)) == (0, [])


def test_a_sequence_that_is_rolled_back_is_given_again(organization: Tenant) -> None:
    listen(organization)
    ping(organization, 1, 2)
    with chain.rolled_back() as session:
        fan_out.sequence(session, organization.id)
    assert [event.sequence for event in told(organization)] == [1, 2]


def test_of_very_many_events_a_part_is_numbered_at_a_time(
    organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "MAX_DELIVERIES", 3)
    listen(organization)
    ping(organization, *range(8))
    chain.run_waiting(KIND)
    assert chain.value(PENDING) == 5
    chain.run_waiting(KIND)
    chain.run_waiting(KIND)
    assert [event.data for event in told(organization)] == [f'{{"number": {n}}}' for n in range(8)]


def test_however_many_tell_and_number_at_once_the_numbers_have_no_gap(
    organization: Tenant, other_organization: Tenant, database: str
) -> None:
    for tenant in (organization, other_organization):
        listen(tenant)
    ended = threading.Event()

    def number() -> None:
        while not ended.is_set():
            for tenant in (organization, other_organization):
                with transaction() as session:
                    fan_out.sequence(session, tenant.id)

    def say(first: int) -> None:
        for n in range(first, first + 30):
            ping(organization, n, -n)
            ping(other_organization, n)

    tellers = [threading.Thread(target=say, args=(first,)) for first in (100, 200, 300)]
    numberers = [threading.Thread(target=number) for _ in range(3)]
    for thread in (*tellers, *numberers):
        thread.start()
    for thread in tellers:
        thread.join()
    wait_until(lambda: chain.value(PENDING) == 0)
    ended.set()
    for thread in numberers:
        thread.join()
    assert [event.sequence for event in told(organization)] == list(range(1, 181))
    assert [event.sequence for event in told(other_organization)] == list(range(1, 91))
    assert chain.value("SELECT count(DISTINCT (organization_id, data)) FROM events") == 270
    check(database, drained=False)

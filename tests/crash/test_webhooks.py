"""A worker that dies at any point leaves each event numbered once, and owed and recorded once for each webhook."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

import settings
from counterfoil.crashkit.trial import every_point
from domain import encryption, master_keys
from domain.events import feed
from domain.events.telling import KIND as SEQUENCE
from domain.events.telling import News, tell
from domain.webhooks import registration
from domain.webhooks.fan_out import KIND as DELIVER
from domain.webhooks.fan_out import Addressed, owe, sequence
from tests.conftest import configure
from tests.integration.gateways.receivers import Server, answering, serving

EVENTS = 3
STREAM = "SELECT last_sequence FROM event_streams"
NUMBERS = "SELECT array_agg(sequence ORDER BY sequence), count(DISTINCT id) FROM events"
DELIVERIES = "SELECT webhook_id, array_agg(sequence ORDER BY sequence) FROM deliveries GROUP BY 1 ORDER BY 1"
JOBS = "SELECT count(*) FROM jobs WHERE kind = 'webhook.deliver' AND payload ? 'webhookDeliveryId'"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    before = settings.current()
    configure(master_keys=master_keys.new_key(), webhook_allow_http=1, webhook_allowed_networks="127.0.0.0/8")
    with serving(answering()) as server:
        yield server
    settings.use(before)


def told(session: Session, organization_id: int, url: str) -> None:
    """Create two webhooks, and tell of three events."""
    for _ in range(2):
        registration.create(session, organization_id, {"url": url, "event_types": ["*"], "enabled": True})
    tell(session, organization_id, [News("transfer.sent", {"number": n}) for n in range(EVENTS)])


def numbered_and_owed(connection: psycopg.Connection) -> None:
    assert connection.execute(STREAM).fetchall() == [(EVENTS,)]
    assert connection.execute(NUMBERS).fetchall() == [([1, 2, 3], EVENTS)]
    assert [numbers for _, numbers in connection.execute(DELIVERIES)] == [[1, 2, 3]] * 2
    assert connection.execute(JOBS).fetchall() == [(2 * EVENTS,)]


def test_events_are_numbered_and_owed_once_wherever_their_worker_dies(template_database, receiver, record_property):
    def prepare(session: Session, organization_id: int) -> dict[str, Any]:
        told(session, organization_id, receiver.url())
        return {}

    points = every_point(template_database, SEQUENCE, prepare, [numbered_and_owed])
    record_property("points", len(points))
    assert {"after sequence_events", "after create_deliveries", "after commit"} <= {*points}, "the hooks are blind"


def test_a_delivery_is_recorded_once_and_comes_under_one_id_wherever_its_worker_dies(
    template_database, receiver, record_property
):
    def prepare(session: Session, organization_id: int) -> dict[str, Any]:
        told(session, organization_id, receiver.url())
        sequence(session, organization_id)
        [event, *_] = feed.following(session, organization_id, 0, "*", 1)
        [webhook, *_] = registration.page(session, organization_id, 0, 1)
        [delivery] = owe(session, organization_id, [Addressed(webhook.id, event.sequence, event.type)])
        return {
            "webhookId": webhook.id,
            "webhookDeliveryId": delivery,
            "tenantId": organization_id,
            "event": event.type,
        }

    def recorded_once(connection: psycopg.Connection) -> None:
        attempts = connection.execute("SELECT attempts FROM deliveries WHERE delivered_at IS NOT NULL").fetchall()
        assert [[one["status_code"] for one in made] for (made,) in attempts] == [[200]]

    points = every_point(template_database, DELIVER, prepare, [recorded_once])
    record_property("points", len(points))
    assert {"after hold_webhooks", "after record_attempts", "after commit"} <= {*points}, "the hooks are blind"
    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in receiver.requests]
    assert {body["id"] for body in bodies} == {bodies[0]["id"]}
    assert len(bodies) > len(points), "nobody died between sending and recording"

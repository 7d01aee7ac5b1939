"""A worker that dies at any point leaves a mail recorded once, and sent under one Message-ID."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

import settings
from counterfoil.crashkit.trial import every_point
from domain import encryption, master_keys
from domain.mail import sending
from tests.conftest import configure
from tests.integration.mail.relays import Relay, relaying


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    before = settings.current()
    with relaying() as made:
        configure(master_keys=master_keys.new_key(), mail_from="shop@example.com", smtp_url=made.url())
        yield made
    settings.use(before)


def sent_once_by_the_record(connection: psycopg.Connection) -> None:
    [(status, recipients)] = connection.execute("SELECT status, recipients FROM mails").fetchall()
    assert (status, [one["status"] for one in recipients]) == ("sent", ["sent"])


def test_a_mail_comes_under_one_id_wherever_its_worker_dies(template_database, relay, record_property):
    def prepare(session: Session, organization_id: int) -> dict[str, Any]:
        mail = sending.send(session, organization_id, to=["ada@example.com"], subject="Hello", text="Hello Ada")
        return {"mailId": mail.id, "tenantId": organization_id}

    points = every_point(template_database, sending.KIND, prepare, [sent_once_by_the_record])
    record_property("points", len(points))
    assert {"after claim", "after commit"} <= {*points}, "the hooks are blind"
    assert len({message["message-id"] for message in relay.messages}) == 1
    assert len(relay.taken) > len(points), "nobody died between sending and recording"

"""A worker that dies at any point of a sync loses no mail and doubles none, also in a folder that was replaced."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from counterfoil.crashkit.trial import every_point
from domain import encryption, master_keys
from domain.mailboxes import registration
from domain.mailboxes.owing import KIND
from tests.conftest import configure
from tests.integration.gateways.authority import Authority
from tests.integration.mailboxes.box import BILLS
from tests.integration.mailboxes.letters import bill, letter
from tests.integration.mailboxes.servers import PASSWORD, USER, FolderOfMails, Imap, serving_imap
from tests.storages import Place

MAILS = "SELECT subject, outcome FROM mailbox_mails ORDER BY id"


@pytest.fixture
def imap(storage_folder: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imap]:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), mailbox_allowed_networks="127.0.0.0/8")
    with serving_imap(authority.serving("localhost")) as server:
        server.folders["Done"] = FolderOfMails()
        yield server


def fields(port: int) -> dict[str, Any]:
    return {
        "name": "Bills", "host": "localhost", "port": port, "security": "tls", "login": USER, "password": PASSWORD,
        "folder": "INBOX", "every_minutes": 15, "filter": {}, "after": "seen", "enabled": True,
    }  # fmt: skip


@pytest.mark.chaos
@pytest.mark.parametrize("replaced", [False, True], ids=["the same folder", "a folder that was replaced"])
def test_no_mail_is_lost_or_doubled_wherever_the_worker_dies(
    template_database, imap: Imap, record_property, replaced: bool
) -> None:
    imap.inbox.add(bill(1), letter(), bill(2))

    def prepare(session: Session, organization_id: int) -> dict[str, Any]:
        mailbox = registration.create(session, organization_id, fields(imap.port))
        if replaced:
            mailbox.uid_validity, mailbox.last_uid, mailbox.epoch = 99, 17, 1
            session.flush()
        return {"mailboxId": mailbox.id, "tenantId": organization_id}

    def each_mail_once(connection: psycopg.Connection) -> None:
        found = connection.execute(MAILS).fetchall()
        assert found == [("Bill 1", "imported"), ("Bill", "skipped"), ("Bill 2", "imported")]
        assert connection.execute(BILLS).fetchall() == [(2,)]
        assert connection.execute("SELECT count(*) FROM mailbox_mails WHERE is_untidy").fetchall() == [(0,)]

    points = every_point(template_database, KIND, prepare, [each_mail_once])
    record_property("points", len(points))
    assert points.count("after checkpoint") == 4, "a mail is no step of its own"
    assert imap.inbox.flags == {1: {"\\Seen"}, 2: set(), 3: {"\\Seen"}}

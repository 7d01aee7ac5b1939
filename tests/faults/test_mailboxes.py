"""A mailbox on a real server, whose readers die at any point, and which dies and is replaced itself."""

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.transaction import transaction
from domain import encryption, master_keys
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.mailboxes import owing, registration
from domain.mailboxes.owing import KIND
from tests import chain
from tests.conftest import configure
from tests.faults import dovecot
from tests.faults.dovecot import LACKING, PASSWORD, PROGRAM, USER, Dovecot
from tests.integration.gateways.authority import Authority
from tests.integration.mailboxes.box import BILLS
from tests.integration.mailboxes.letters import bill, deep, letter
from tests.integration.mailboxes.mortals import read_by_mortals
from tests.storages import Place
from tests.tenant import Tenant

FOLDER = "Bills"
OUTCOMES = "SELECT outcome, count(*) FROM mailbox_mails GROUP BY 1 ORDER BY 1"
pytestmark = pytest.mark.skipif(PROGRAM is None, reason=LACKING)


@pytest.fixture
def server(database: str, storage_folder: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), mailbox_allowed_networks="127.0.0.0/8")
    with tempfile.TemporaryDirectory(prefix="cf-mail-") as place:
        os.chmod(place, 0o755)
        authority, folder = Authority(Path(place)), Path(place, "dovecot")
        folder.mkdir()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        with dovecot.running(folder, authority) as running:
            yield running


def owed(tenant: Tenant, server: Dovecot, mailbox_id: int | None = None) -> tuple[int, int]:
    """Return a mailbox, and the job that reads it now."""
    with transaction() as session:
        if mailbox_id is None:
            mailbox_id = registration.create(session, tenant.id, _fields(server)).id
        return mailbox_id, owing.owe(session, tenant.id, mailbox_id)


def _fields(server: Dovecot) -> dict[str, object]:
    return {
        "name": "Bills", "host": "localhost", "port": server.port, "security": "tls", "login": USER,
        "password": PASSWORD, "folder": FOLDER, "every_minutes": 1440, "filter": {}, "after": "move:Done",
        "enabled": True,
    }  # fmt: skip


@pytest.mark.parametrize("deaths", [6, pytest.param(60, marks=pytest.mark.chaos)])
def test_no_mail_is_lost_or_doubled_whoever_dies_and_whatever_the_folder_becomes(
    server: Dovecot, organization: Tenant, deaths: int
) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    first = [bill(n) for n in range(4)]
    server.refill("Done")
    server.refill(FOLDER, *first, deep(1000), letter())
    mailbox_id, job_id = owed(organization, server)
    read_by_mortals(job_id, chance, deaths)
    assert chain.rows(OUTCOMES) == [("imported", 4), ("skipped", 1), ("unreadable", 1)]
    # The server dies, and comes back with a folder of the same name, old mails and new ones under the UIDs from 1 on.
    server.die()
    server.start()
    server.refill(FOLDER, bill(9), *first, bill(10))
    _, job_id = owed(organization, server, mailbox_id)
    read_by_mortals(job_id, chance, deaths)
    assert chain.value(BILLS) == 6
    assert chain.rows(OUTCOMES) == [("imported", 6), ("skipped", 5), ("unreadable", 1)]
    with server.owner() as owner:
        assert owner.folder_status("Done", "MESSAGES")[b"MESSAGES"] == 6, "a mail was moved twice, or not at all"


def test_a_server_that_dies_while_it_is_read_costs_nothing(server: Dovecot, organization: Tenant) -> None:
    server.refill("Done")
    server.refill(FOLDER, *(bill(n) for n in range(5)))
    mailbox_id, job_id = owed(organization, server)
    run_jobs(find(KIND), [job_id], seconds=0)
    server.die()
    run_jobs(find(KIND), [job_id])
    assert chain.value("SELECT last_error FROM mailboxes") == "connection refused"
    server.start()
    _, job_id = owed(organization, server, mailbox_id)
    run_jobs(find(KIND), [job_id])
    assert (chain.rows(OUTCOMES), chain.value(BILLS)) == ([("imported", 5)], 5)
    assert chain.value("SELECT last_error FROM mailboxes") is None

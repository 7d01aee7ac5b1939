"""Removing what is kept of a client, and encrypting it, is done whole or not at all, wherever its process dies."""

import hashlib

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import settings
from counterfoil.crashkit.fuse import killed_at, points
from counterfoil.crashkit.trial import every_point
from db.transaction import transaction
from domain import master_keys
from domain.personal_data import encrypting, removal
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.personal_data.conftest import CLIENT, TABLES, issue, make
from tests.tenant import Tenant

PARTIES = 7
IN_PLAIN = """INSERT INTO clients (organization_id, name, address_line1, city, country, email)
    VALUES (:organization_id, 'Ada', '1 Main Street', 'Sofia', 'BG', 'ada@example.com')"""
SEALED = "SELECT count(*) FROM clients WHERE contact IS NOT NULL AND address_line1 IS NULL"
PLAIN = "SELECT count(*) FROM clients WHERE contact IS NULL AND address_line1 IS NOT NULL"


@pytest.fixture
def client_id(settings_return: None, database: str, organization: Tenant) -> int:
    configure(master_keys=master_keys.new_key(), mail_from="billing@example.com", smtp_url="smtp://127.0.0.1:1")
    caller = Caller(organization.key)
    client_id = make(caller)
    number = issue(caller, organization.supplier_id, client={"id": client_id})
    caller.post(f"/api/v1/invoices/{number}/send", {"message": "Dear all"})
    caller.post("/api/v1/invoice-requests", {"supplierId": 1, "client": CLIENT, "items": [{
        "description": "x", "quantity": 1, "unitPrice": 1}]})  # fmt: skip
    chain.ask("DELETE FROM outbox")
    chain.ask("UPDATE jobs SET status = 'CANCELLED', completed_at = clock_timestamp() WHERE status = 'PENDING'")
    return client_id


def state() -> str:
    found = hashlib.sha256()
    for (table,) in chain.rows(TABLES):
        rows = chain.value(f"SELECT string_agg(CAST(t AS text), '' ORDER BY CAST(t AS text)) FROM {table} AS t")
        found.update(f"{table} {rows}".encode())
    return found.hexdigest()


def test_a_removal_is_whole_or_nothing_wherever_it_dies(client_id, organization, record_property):
    def remove() -> None:
        with transaction() as session:
            removal.remove(session, organization.id, client_id)

    def counted() -> None:
        with transaction() as session:
            removal.remove(session, organization.id, client_id, dry_run=True)

    names = points(counted)
    before = state()
    at = 0
    while killed_at(at, remove):
        if state() != before:
            break
        at += 1
    record_property("points", at)
    assert at >= len(names) - 4, "the hooks are blind"
    assert chain.rows("SELECT count(*) FROM data_keys WHERE client_id IS NOT NULL") == [(0,)]
    assert chain.rows("SELECT count(*), (SELECT count(*) FROM mails) FROM clients WHERE name = '-'") == [(1, 0)]
    after = state()
    remove()
    assert chain.value("SELECT count(*) FROM clients WHERE personal_data_removed_at IS NOT NULL") == 1
    assert state() == after


def test_a_contact_is_in_plain_or_encrypted_wherever_the_worker_dies(template_database, record_property):
    before = settings.current()
    configure(master_keys=master_keys.new_key())

    def prepare(session: Session, organization_id: int) -> dict[str, object]:
        for _ in range(PARTIES):
            session.execute(text(IN_PLAIN), {"organization_id": organization_id})
        return {}

    def all_sealed(connection: psycopg.Connection) -> None:
        assert connection.execute(SEALED).fetchone() == (PARTIES,)
        assert connection.execute(PLAIN).fetchone() == (0,)

    found = every_point(template_database, encrypting.KIND, prepare, [all_sealed])
    record_property("points", len(found))
    assert "after seal_clients" in found, "the hooks are blind"
    settings.use(before)

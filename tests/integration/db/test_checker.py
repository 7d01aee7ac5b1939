"""The checker names each invariant that is damaged, and no other; a healthy database has none."""

import json

import psycopg
import pytest
import redis
from psycopg.rows import namedtuple_row
from sqlalchemy import create_engine, make_url

from db import jobs as job_rows
from db.transaction import transaction
from domain.events import feed
from domain.events.telling import KIND as EVENTS
from domain.invoices import generation
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.jobs.submission import enqueue
from tests import chain, checker
from tests.checker import Accepted, InvariantViolated, check, violated, watch
from tests.conftest import execute
from tests.warehouse import stocked

MOVEMENT = "organization_id, location_id, product_id, quantity, value, document_type, document_id, step, line_number"
RESERVE = "INSERT INTO reservations VALUES"
DAMAGES = {
    "an accepted request is deleted": ("DELETE FROM jobs WHERE id = 4", {"I1"}),
    "a second invoice for one request": (
        "ALTER TABLE invoices DROP CONSTRAINT invoices_job_id_key; UPDATE invoices SET job_id = 1 WHERE number = 4",
        {"I2"},
    ),
    "a key forgets its answer": ("DELETE FROM idempotency_keys", {"I2"}),
    "a key's answer names another request": (
        """UPDATE idempotency_keys SET response = '{"body": {"requestId": 2}}'""",
        {"I2"},
    ),
    "two keys name one request": (
        "INSERT INTO idempotency_keys SELECT organization_id, 'k2', fingerprint, status_code, response "
        "FROM idempotency_keys",
        {"I2"},
    ),
    "a gap": ("UPDATE invoices SET number = 5, invoice_number = 'INV-5' WHERE number = 4", {"I3", "I9"}),
    "a first number before the start number": ("UPDATE number_series SET start_number = 2", {"I3"}),
    "a number issued before the one before it": (
        "UPDATE invoices SET created_at = created_at - interval '1 hour' WHERE number = 4",
        {"I3"},
    ),
    "a counter ahead of its invoices": (
        "UPDATE number_series SET last_number = 9, last_hash = decode(repeat('00', 32), 'hex')",
        {"I3"},
    ),
    "more of a line is credited than it has": (
        "UPDATE invoices SET document_type = 381, credited_invoice_id = 1 WHERE id = 2;"
        "UPDATE invoice_items SET credited_line = 1 WHERE invoice_id = 2;"
        "UPDATE invoice_items SET quantity = 1 WHERE invoice_id = 1",
        {"I9"},
    ),
    "a line of a credit note that takes back nothing": (
        "UPDATE invoice_items SET credited_line = 9 WHERE invoice_id = 2;"
        "UPDATE invoices SET document_type = 381, credited_invoice_id = 1 WHERE id = 2",
        {"I9"},
    ),
    "COMPLETED without an invoice": (
        "UPDATE invoices SET job_id = NULL WHERE job_id = 1",
        {"I4"},
    ),
    "COMPLETED with another's result": (
        """UPDATE jobs SET result = '{"invoiceId": 1, "invoiceNumber": "INV-9"}' WHERE id = 1""",
        {"I4"},
    ),
    "COMPLETED with no result": ("UPDATE jobs SET result = NULL WHERE id = 1", {"I4"}),
    "FAILED with an invoice": ("UPDATE invoices SET job_id = 4 WHERE number = 4", {"I4"}),
    "more attempts than allowed": (
        "ALTER TABLE jobs DROP CONSTRAINT jobs_attempts_check; UPDATE jobs SET attempts = 6 WHERE id = 1",
        {"I5"},
    ),
    "an attempt that was not counted": ("UPDATE jobs SET attempts = 0 WHERE id = 1", {"I5"}),
    "a lease without PROCESSING": (
        "ALTER TABLE jobs DROP CONSTRAINT jobs_lease_check; "
        "UPDATE jobs SET lease_token = gen_random_uuid(), lease_expires_at = now() WHERE id = 1",
        {"I5"},
    ),
    "a job that still waits": (
        "UPDATE jobs SET status = 'PENDING', completed_at = NULL WHERE id = 5; "
        "INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key) VALUES (5, 1, '', 'io', 1, '')",
        {"I1", "I6"},
    ),
    "an invoice of another organization's client": (
        "UPDATE clients SET organization_id = 2 WHERE id = 1",
        {"I7"},
    ),
    "a line changed after issue": ("UPDATE invoice_items SET description = 'Play'", {"I9"}),
    "a total that is not the sum": (
        "UPDATE invoice_items SET line_tax = 1, line_total = line_subtotal + 1 WHERE invoice_id = 1",
        {"I9"},
    ),
    "an invoice without lines": ("DELETE FROM invoice_items WHERE invoice_id = 4", {"I9"}),
    "a customer's name changed after issue": (
        """UPDATE invoices SET client = '{"name": "Forged"}' WHERE number = 2""",
        {"I9"},
    ),
    "a counter that forgot the last hash": (
        "UPDATE number_series SET last_hash = decode(repeat('11', 32), 'hex')",
        {"I9"},
    ),
    "a disarmed trigger": ("ALTER TABLE invoices DISABLE TRIGGER USER", {"I9"}),
    "a live entry that does not balance": (
        "UPDATE journal_lines SET debit = debit + 1 WHERE debit > 0 AND account_code = '1100'",
        {"A1"},
    ),
    "goods that the books have lost": (
        "UPDATE journal_entries SET deleted_at = now() WHERE source_type = 'purchase'",
        {"A3"},
    ),
    "a live entry without lines": ("DELETE FROM journal_lines WHERE entry_id = 1", {"A1"}),
    "two live entries of one document": (
        "DROP INDEX journal_entries_live_key; UPDATE journal_entries SET source_id = 1",
        {"A1"},
    ),
    "an entry ahead of its document": ("UPDATE journal_entries SET version = 2 WHERE id = 1", {"A2"}),
    "a line of another organization": ("UPDATE journal_lines SET organization_id = 2 WHERE entry_id = 1", {"A2"}),
    "an invoice that was never entered": ("UPDATE accounting_sources SET version = 2 WHERE source_id = 1", {"A2"}),
    "a disarmed trigger of the journal": ("ALTER TABLE journal_entries DISABLE TRIGGER USER", {"I9"}),
    "a waiting job without an entry": (
        "UPDATE jobs SET status = 'PENDING', completed_at = NULL WHERE id = 5",
        {"I1", "I6", "I10"},
    ),
    "an entry of a finished job": (
        "INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key) VALUES (1, 1, '', 'io', 1, '')",
        {"I10"},
    ),
    "stock that nothing has moved": ("UPDATE stock SET quantity = quantity + 1 WHERE product_id = 1", {"I11"}),
    "value that came from nowhere": ("UPDATE stock SET value = value + 0.0001 WHERE product_id = 1", {"I11", "A3"}),
    "stock below zero": (
        "ALTER TABLE stock DROP CONSTRAINT stock_quantity_check; UPDATE stock SET quantity = -1 WHERE product_id = 2",
        {"I11"},
    ),
    "a line that moved twice": (
        "ALTER TABLE movements DROP CONSTRAINT movements_line_key; "
        f"INSERT INTO movements ({MOVEMENT}) SELECT {MOVEMENT} FROM movements WHERE step = 'send' AND line_number = 1; "
        "UPDATE stock SET quantity = quantity - 1, value = value - 3.33 WHERE (location_id, product_id) = (1, 1)",
        {"I12", "A3"},
    ),
    "a line that never moved": (
        "INSERT INTO transfer_lines VALUES (1, 3, 1, 1)",
        {"I12"},
    ),
    "a movement of what the line does not name": (
        "UPDATE transfer_lines SET quantity = 2 WHERE line_number = 1",
        {"I12"},
    ),
    "goods reserved that are not there": (
        f"UPDATE transfers SET status = 'draft', sent_at = NULL; {RESERVE} ('transfer', 1, 1, 1, 1, 1, 999, NULL, 4)",
        {"I12", "I13", "A3"},
    ),
    "a reservation of a job that has ended": (f"{RESERVE} ('transfer', 1, 1, 1, 1, 1, 1, NULL, 4)", {"I13"}),
    "goods kept for nothing": (f"{RESERVE} ('purchase', 1, 1, 1, 1, 1, 1, 1, NULL)", {"I13"}),
    "a half done purchase whose goods anybody may take": (
        "UPDATE purchases SET status = 'draft', approved_at = NULL",
        {"I12", "I13", "A3"},
    ),
    "an amount with more decimals than the currency has": (
        "UPDATE journal_entries SET currency_code = 'JPY' WHERE source_type = 'purchase'",
        {"A1"},
    ),
    "a completed job whose document stayed": (
        "UPDATE transfers SET status = 'draft', sent_at = NULL",
        {"I12", "A3"},
    ),
    "a document's number left out": ("UPDATE transfers SET number = left(number, -1) || '2'", {"I3"}),
    "a job that nobody finished": (
        "UPDATE jobs SET status = 'PROCESSING', completed_at = NULL, attempts = 1, "
        "lease_token = gen_random_uuid(), lease_expires_at = now() WHERE id = 5",
        {"I1", "I10"},
    ),
    "a move from one end to another": (
        "SET LOCAL session_replication_role = origin; UPDATE jobs SET status = 'CANCELLED' WHERE id = 4",
        {"I5", "E1"},
    ),
    "a token used for a second claim": (
        "INSERT INTO observed_moves SELECT job_id, before, after, attempts, gained, token FROM observed_moves "
        "WHERE after = 'PROCESSING' LIMIT 1",
        {"I5"},
    ),
    "a bill that nobody works on": (
        "INSERT INTO bills (organization_id, sha256, file_name, source) VALUES (1, '1', 'x', 'upload')",
        {"B1"},
    ),
    "an approved bill that was never entered": (
        "INSERT INTO bills (organization_id, sha256, file_name, source, status, account_code, decided_at, issue_date, "
        "currency_code, subtotal, tax_total, total) "
        "VALUES (1, '1', 'x', 'upload', 'approved', '6000', now(), now(), 'EUR', 1, 0, 1)",
        {"A2"},
    ),
    "a bill that was entered and is rejected": (
        "INSERT INTO bills (id, organization_id, sha256, file_name, source, status) OVERRIDING SYSTEM VALUE "
        "VALUES (1, 1, '1', 'x', 'upload', 'rejected'); "
        "UPDATE journal_entries SET source_type = 'bill' WHERE source_type = 'invoice' AND source_id = 1; "
        'INSERT INTO accounting_sources SELECT (jsonb_populate_record(s, \'{"source_type": "bill"}\')).* '
        "FROM accounting_sources AS s WHERE source_type = 'invoice' AND source_id = 1",
        {"A2"},
    ),
    "an event without a number": (
        "INSERT INTO pending_events (organization_id, type, data) VALUES (1, 'x', '{}')",
        {"E1"},
    ),
    "an event is lost": ("DELETE FROM events WHERE sequence = 2", {"E1"}),
    "an event is doubled": (
        "INSERT INTO events SELECT organization_id, sequence, id, type, data, created_at, now() "
        "FROM events WHERE sequence = 1",
        {"E1"},
    ),
    "an event tells of an invoice that is not there": (
        "UPDATE events SET data = jsonb_set(data, '{invoiceId}', '99') WHERE type = 'invoice.issued'",
        {"E1"},
    ),
    "an attempt handed out by nobody": (
        "SET LOCAL session_replication_role = origin; UPDATE jobs SET attempts = attempts + 1 WHERE id = 4",
        {"I5"},
    ),
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(checker, "LINGERING", 0.2)


@pytest.fixture
def accepted(database, organization, other_organization) -> list[Accepted]:
    """What a healthy database accepted: jobs 1-3 COMPLETED, 4 FAILED, 5 CANCELLED, and a direct invoice, number 4.

    Beside them a purchase was approved and a transfer sent.
    """
    watch(database)
    kind = find("invoice.generate")
    with transaction() as session:
        feed.open_stream(session, organization.id)
    requests = [organization.request(f"Client {n}") for n in range(3)]
    requests += [organization.request(client={"id": 99}), organization.request("Other")]
    with transaction() as session:
        payloads = [("", request.payload()) for request in requests]
        ids = enqueue(session, organization.id, kind.name, payloads)
        job_rows.cancel(session, organization.id, ids[4])
    run_jobs(kind, ids)
    with transaction() as session:
        generation.issue(session, [organization.request("Walk-in")])
    answer = json.dumps({"body": {"requestId": ids[0]}})
    warehouse = stocked(organization, 5, 5)
    run_jobs(find("transfer.send"), [warehouse.submit("transfer.send", transferId=warehouse.transfer(1, 1))])
    chain.keep_books()
    chain.run_waiting(EVENTS)
    execute(database, f"INSERT INTO idempotency_keys VALUES ({organization.id}, 'k', '', 201, '{answer}')")
    keys = ["k", None, None, None, None]
    return [Accepted(organization.id, job_id, key) for job_id, key in zip(ids, keys, strict=True)]


def test_a_healthy_database_has_no_violation(database, accepted):
    check(database, accepted)
    check(create_engine(make_url(database).set(drivername="postgresql+psycopg")), accepted)


def test_each_damage_is_named_by_its_invariant_and_by_no_other(database, accepted):
    with psycopg.connect(database, row_factory=namedtuple_row) as connection:
        found = {damage: _names_after(connection, damage, accepted) for damage in DAMAGES}
    assert found == {damage: names for damage, (_, names) in DAMAGES.items()}


def _names_after(connection, damage, accepted):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica; " + DAMAGES[damage][0])
        names = {violation.name for violation in violated(cursor, accepted, drained=True)}
    connection.rollback()
    return names


def test_one_key_answered_with_two_requests_is_named(database, accepted):
    doubled = [*accepted, Accepted(accepted[0].organization_id, accepted[1].request_id, "k")]
    with pytest.raises(InvariantViolated, match="one accepted request for each idempotency key"):
        check(database, doubled)


def test_an_accepted_request_that_was_never_written_is_named(database, accepted):
    with pytest.raises(InvariantViolated, match="I1 violated"):
        check(database, [Accepted(accepted[0].organization_id, 4711)], drained=False)


def test_what_still_runs_is_no_violation_before_the_drain(database, organization):
    with transaction() as session:
        [job_id] = enqueue(session, organization.id, "invoice.generate", [("", {})])
    accepted = [Accepted(organization.id, job_id)]
    check(database, accepted, drained=False)
    with pytest.raises(InvariantViolated) as caught:
        check(database, accepted)
    assert caught.value.names == {"I1", "I6"}


@pytest.mark.parametrize("statement", ["SELECT 1", "SELECT pg_advisory_xact_lock(1)"])
def test_a_transaction_left_open_is_named(database, organization, statement):
    with psycopg.connect(database, application_name="counterfoil") as leaked, leaked.cursor() as cursor:
        cursor.execute(statement)
        with pytest.raises(InvariantViolated, match="no transaction and no advisory lock") as caught:
            check(database)
    assert caught.value.names == {"I10"}


def test_a_message_left_in_the_broker_is_named(database, organization, broker):
    check(database, broker_url=broker)
    with redis.Redis.from_url(broker) as connection:
        connection.lpush("default", "{}")
    with pytest.raises(InvariantViolated, match="left in the broker"):
        check(database, broker_url=broker)

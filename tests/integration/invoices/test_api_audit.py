"""The numbering audit finds what somebody with all rights did to the rows."""

import psycopg
import pytest

from tests import bodies
from tests.caller import Caller
from tests.tenant import Tenant

CLEAN = {
    "seriesCode": "invoice",
    "chronology": "strict",
    "gaps": [],
    "duplicates": [],
    "brokenLinks": [],
    "lateDates": [],
    "truncated": False,
}


@pytest.fixture
def path(organization: Tenant) -> str:
    return f"/api/v1/suppliers/{organization.supplier_id}/numbering/audit"


def issue(client: Caller, organization: Tenant, count: int = 1, **changes) -> None:
    for _ in range(count):
        assert client.post("/invoices/generate", bodies.invoice(organization.supplier_id, **changes)).status_code == 200


def tamper(database: str, *statements: str) -> None:
    """Change rows behind the triggers' back."""
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def test_an_empty_series_is_clean(client: Caller, path: str) -> None:
    assert client.get(path).json == CLEAN | {"first": None, "last": None, "count": 0, "headHash": "00" * 32}


def test_a_series_in_order_is_clean(client: Caller, organization: Tenant, path: str) -> None:
    issue(client, organization, 4, notes="ünï", dueDate="2099-01-01")
    audit = client.get(path).json
    assert audit | CLEAN | {"first": 1, "last": 4, "count": 4} == audit
    issue(client, organization)
    assert client.get(path).json["headHash"] != audit["headHash"]


def test_marking_as_issued_leaves_the_chain_whole(client: Caller, organization: Tenant, path: str) -> None:
    due = bodies.invoice(organization.supplier_id, dueDate="2099-01-01")
    client.post("/invoices/generate?unpaid=true", due)
    before = client.get(path).json
    client.post("/api/v1/invoices/INV-000001/mark-issued")
    assert client.get(path).json == before
    assert before | CLEAN == before


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE invoices SET notes = 'changed' WHERE number = 3", {"brokenLinks": [3]}),
        ("UPDATE invoices SET total = total + 1, subtotal = subtotal + 1 WHERE number = 3", {"brokenLinks": [3]}),
        ("UPDATE invoices SET client = client || '{\"name\": \"Eve\"}' WHERE number = 5", {"brokenLinks": [5]}),
        ("UPDATE invoice_items SET description = 'x' WHERE invoice_id = (SELECT id FROM invoices WHERE number = 1)",
         {"brokenLinks": [1]}),
        ("DELETE FROM invoice_items WHERE invoice_id = (SELECT id FROM invoices WHERE number = 2)",
         {"brokenLinks": [2]}),
        ("UPDATE invoices SET document_type = 381, credited_invoice_id = id WHERE number = 3", {"brokenLinks": [3]}),
        ("UPDATE invoices SET tax_rounding = 'line' WHERE number = 3", {"brokenLinks": [3]}),
        ("UPDATE invoices SET terms = '{\"iban\": \"X\"}' WHERE number = 3", {"brokenLinks": [3]}),
        ("UPDATE invoice_items SET tax_category = 'S' WHERE invoice_id = (SELECT id FROM invoices WHERE number = 4)",
         {"brokenLinks": [4]}),
        ("UPDATE invoice_items SET exemption_reason = '' WHERE invoice_id = (SELECT id FROM invoices WHERE number = 4)",
         {"brokenLinks": [4]}),
        ("UPDATE invoice_items SET unit_code = 'HUR' WHERE invoice_id = (SELECT id FROM invoices WHERE number = 4)",
         {"brokenLinks": [4]}),
        ("UPDATE invoice_items SET item_id = 'x' WHERE invoice_id = (SELECT id FROM invoices WHERE number = 4)",
         {"brokenLinks": [4]}),
        ("UPDATE invoice_items SET credited_line = 1 WHERE invoice_id = (SELECT id FROM invoices WHERE number = 4)",
         {"brokenLinks": [4]}),
        ("UPDATE invoices SET hash = sha256(hash) WHERE number = 3", {"brokenLinks": [3, 4]}),
        ("DELETE FROM invoices WHERE number = 3", {"gaps": [3], "brokenLinks": [4]}),
        ("DELETE FROM invoices WHERE number = 1", {"gaps": [1], "brokenLinks": [2]}),
        ("DELETE FROM invoices WHERE number >= 4", {"gaps": [4, 5]}),
        ("DELETE FROM invoices", {"gaps": [1, 2, 3, 4, 5]}),
        ("UPDATE number_series SET last_hash = sha256(last_hash)", {"brokenLinks": [5]}),
        ("UPDATE invoices SET number = 9 WHERE number = 5", {"gaps": [5, 6, 7, 8], "brokenLinks": [9]}),
        ("UPDATE number_series SET last_number = 5000", {"gaps": list(range(6, 1006)), "truncated": True}),
    ],
)  # fmt: skip
def test_tampering_is_found(
    statement: str, found: dict, client: Caller, organization: Tenant, path: str, database: str
) -> None:
    issue(client, organization, 5)
    tamper(database, statement)
    audit = client.get(path).json
    assert {name: audit[name] for name in CLEAN} == CLEAN | found


def test_a_number_used_twice_is_found(client: Caller, organization: Tenant, path: str, database: str) -> None:
    issue(client, organization, 3)
    tamper(
        database,
        "ALTER TABLE invoices DROP CONSTRAINT invoices_supplier_id_series_code_number_key",
        "DROP INDEX invoices_number_key",
        "UPDATE invoices SET number = 2, invoice_number = 'INV-000002' WHERE number = 3",
    )
    audit = client.get(path).json
    assert (audit["duplicates"], audit["gaps"], audit["count"]) == ([2], [3], 3)


def test_a_rewritten_history_has_another_head(client: Caller, organization: Tenant, path: str, database: str) -> None:
    """Who forges every hash after his change is found by the head hash noted before."""
    issue(client, organization, 2)
    noted = client.get(path).json["headHash"]
    tamper(database, "UPDATE invoices SET notes = 'forged' WHERE number = 1")
    assert client.get(path).json["headHash"] != noted


def test_a_date_before_the_one_before_is_reported_and_one_typo_makes_no_other_late(
    client: Caller, organization: Tenant, path: str
) -> None:
    series = [{"code": "invoice", "chronology": "warn"}]
    client.put(f"/api/v1/parties/suppliers/{organization.supplier_id}", bodies.party(series=series))
    for day in ("2026-01-10", "2030-01-20", "2026-01-15", "2026-01-20"):
        issue(client, organization, issueDate=day)
    audit = client.get(path).json
    assert audit | CLEAN | {"chronology": "warn", "lateDates": [3]} == audit


def test_a_series_may_begin_late(client: Caller, organization: Tenant, path: str) -> None:
    client.put(f"/api/v1/parties/suppliers/{organization.supplier_id}", bodies.party(invoiceStartNumber=7))
    issue(client, organization, 2)
    audit = client.get(path).json
    assert audit | CLEAN | {"first": 7, "last": 8, "count": 2} == audit


def test_there_is_no_audit_of_what_is_not_there(client: Caller) -> None:
    assert client.get("/api/v1/suppliers/999999/numbering/audit").status_code == 404

"""A number and hash that were handed out are compared with the series as it is now."""

import psycopg
import pytest

from tests import bodies
from tests.caller import Caller
from tests.tenant import Tenant

MATCHES, DIFFERS, MISSING = "matches", "differs", "missing"


@pytest.fixture
def hashes(client: Caller, organization: Tenant) -> list[str]:
    """The hashes of three invoices, as they were handed out."""
    for _ in range(3):
        client.post("/invoices/generate", bodies.invoice(organization.supplier_id))
    return [client.get(f"/api/v1/invoices/INV-00000{number}").json["hash"] for number in (1, 2, 3)]


@pytest.fixture
def verify(client: Caller, organization: Tenant):
    path = f"/api/v1/suppliers/{organization.supplier_id}/numbering/verify"
    return lambda number, handed_out: client.post(path, {"number": number, "hash": handed_out})


def test_an_invoice_that_is_as_it_was_matches(hashes, verify):
    assert [verify(number, handed_out).json for number, handed_out in enumerate(hashes, 1)] == [
        {"verdict": MATCHES}
    ] * 3
    assert verify("INV-000002", hashes[1].upper()).json == {"verdict": MATCHES}


def test_another_invoice_under_the_number_differs_and_none_is_missing(hashes, verify):
    assert verify("INV-000002", hashes[0]).json == {"verdict": DIFFERS}
    assert verify("INV-000004", hashes[2]).json == {"verdict": MISSING}
    assert verify(4, hashes[2]).json == {"verdict": MISSING}
    assert verify("2", hashes[1]).json == {"verdict": MISSING}, "text is the number as it is printed"


@pytest.mark.parametrize(
    ("statement", "verdicts"),
    [
        ("UPDATE invoices SET notes = 'changed' WHERE number = 2", [MATCHES, DIFFERS, MATCHES]),
        ("UPDATE invoices SET hash = sha256(hash) WHERE number = 1", [DIFFERS, DIFFERS, MATCHES]),
    ],
    ids=["content", "hash"],
)
def test_an_invoice_that_was_changed_differs(database, hashes, verify, statement, verdicts):
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement)
    assert [verify(number, handed_out).json["verdict"] for number, handed_out in enumerate(hashes, 1)] == verdicts


@pytest.mark.parametrize(
    "body",
    [
        {"number": "", "hash": "00" * 32},
        {"number": 0, "hash": "00" * 32},
        {"number": True, "hash": "00" * 32},
        {"number": None, "hash": "00" * 32},
        {"number": 1, "hash": "00" * 31},
        {"number": 1, "hash": "zz" * 32},
        {"number": 1},
    ],
)
def test_what_is_no_number_or_no_hash_is_refused(client, organization, body):
    answer = client.post(f"/api/v1/suppliers/{organization.supplier_id}/numbering/verify", body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")

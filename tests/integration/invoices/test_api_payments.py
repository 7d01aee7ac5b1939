"""Payments are recorded beside the invoice, which stays as it was issued."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant

INVOICES = "/api/v1/invoices"
ENTRIES = """
    SELECT account_code, debit, credit FROM journal_lines JOIN journal_entries AS e ON e.id = entry_id
    WHERE source_type = 'payment' AND source_id = %s AND deleted_at IS NULL ORDER BY 1"""


@pytest.fixture
def number(client: Caller, organization: Tenant) -> str:
    """An invoice of 25.20."""
    return client.post(f"{INVOICES}/generate", bodies.invoice(organization.supplier_id)).json["invoiceNumber"]


def pay(client: Caller, number: str, amount: Any, **changes: Any) -> Any:
    return client.post(f"{INVOICES}/{number}/payments", {"amount": amount} | changes)


def state(client: Caller, number: str) -> tuple[Any, ...]:
    shown = client.get(f"{INVOICES}/{number}").json
    return shown["paidAmount"], shown["amountDue"], shown["paymentStatus"]


def test_an_invoice_is_paid_in_parts_over_and_given_back(client: Caller, number: str) -> None:
    before = client.get(f"{INVOICES}/{number}").json
    assert state(client, number) == (0, 25.2, "unpaid")
    steps = [
        ({"amount": "10"}, (10, 15.2, "partlyPaid")),
        ({"amount": "15.20"}, (25.2, 0, "paid")),
        ({"amount": "4.80"}, (30, -4.8, "paid")),
        ({"amount": "4.80", "type": "refund"}, (25.2, 0, "paid")),
    ]
    for body, expected in steps:
        recorded = pay(client, number, **body)
        assert recorded.status_code == 201
        told = recorded.json
        assert (told["paidAmount"], told["amountDue"], told["paymentStatus"]) == expected == state(client, number)
    first = client.get(f"{INVOICES}/{number}/payments?limit=3")
    rest = client.get(re.fullmatch('<(.+)>; rel="next"', first.headers["Link"])[1])
    assert [(one["type"], one["amount"]) for one in first.json + rest.json] == [
        ("payment", 10), ("payment", 15.2), ("payment", 4.8), ("refund", 4.8),
    ]  # fmt: skip
    after = client.get(f"{INVOICES}/{number}").json
    beside = {"paidAmount", "amountDue", "paymentStatus"}
    assert {k: v for k, v in after.items() if k not in beside} == {k: v for k, v in before.items() if k not in beside}


def test_a_credit_note_and_payments_are_counted_together(client: Caller, number: str) -> None:
    pay(client, number, "10")
    client.post(f"{INVOICES}/{number}/credit", {"reason": "why", "lines": [{"lineNumber": 1, "quantity": 1}]})
    assert state(client, number) == (10, 2.6, "partlyPaid")
    client.post(f"{INVOICES}/{number}/credit", {"reason": "why"})
    assert state(client, number) == (10, -10, "credited")
    pay(client, number, "10", type="refund")
    assert state(client, number) == (0, 0, "credited")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"amount": 0}, 400, "amount"),
        ({"amount": "-1"}, 400, "amount"),
        ({"amount": "1.001"}, 400, "amount"),
        ({"amount": 1, "type": "gift"}, 400, "type"),
        ({"amount": 1, "paidOn": (datetime.now(UTC) + timedelta(days=2)).date().isoformat()}, 400, "paidOn"),
        ({"amount": 1, "type": "refund"}, 409, None),
    ],
)
def test_what_cannot_be_paid_is_refused(
    body: dict[str, Any], status: int, field: str | None, client: Caller, number: str
) -> None:
    refused = client.post(f"{INVOICES}/{number}/payments", body)
    assert (refused.status_code, list(refused.json.get("errors", {}))) == (status, [field] if field else [])
    assert state(client, number) == (0, 25.2, "unpaid")


def test_a_credit_note_is_not_paid(client: Caller, number: str) -> None:
    client.post(f"{INVOICES}/{number}/credit", {"reason": "why"})
    assert pay(client, "CN-000001", 1).status_code == 409
    assert client.get(f"{INVOICES}/CN-000001/payments").json == []
    assert state(client, "CN-000001") == (None, None, None)


def test_two_refunds_at_once_never_give_back_more_than_was_paid(client: Caller, number: str) -> None:
    pay(client, number, 10)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: pay(client, number, 10, type="refund").status_code, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]
    assert state(client, number) == (0, 25.2, "unpaid")


def test_the_same_key_records_a_payment_once(client: Caller, number: str) -> None:
    path, key = f"{INVOICES}/{number}/payments", {"Idempotency-Key": "k"}
    first, second = (client.post(path, {"amount": 10}, headers=key).json for _ in range(2))
    assert first == second
    assert state(client, number) == (10, 15.2, "partlyPaid")


def test_the_journal_has_each_payment_on_its_day(client: Caller, number: str) -> None:
    paid = pay(client, number, 10, paidOn="2026-01-31", reference="statement 7").json["payment"]
    back = pay(client, number, 4, type="refund").json["payment"]
    assert (paid["paidOn"], paid["reference"]) == ("2026-01-31", "statement 7")
    chain.keep_books()
    assert chain.rows(ENTRIES, paid["id"]) == [("1000", 10, 0), ("1100", 0, 10)]
    assert chain.rows(ENTRIES, back["id"]) == [("1000", 0, 4), ("1100", 4, 0)]
    days = "SELECT entry_date::text FROM journal_entries WHERE source_type = 'payment' AND source_id = %s"
    assert chain.value(days, paid["id"]) == "2026-01-31"


def test_a_payment_never_changes(client: Caller, number: str) -> None:
    pay(client, number, 10)
    for change in ("UPDATE invoice_payments SET amount = 1", "DELETE FROM invoice_payments"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            chain.ask(change)

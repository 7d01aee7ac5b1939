"""Credit notes take back what was invoiced, never more, and no invoice changes."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.transaction import transaction
from domain.errors import Conflict
from domain.invoices import crediting, generation, numbering
from domain.invoices.crediting import CreditLine, CreditRequest
from domain.invoices.request import CREDIT_KIND as KIND
from domain.invoices.request import CREDIT_SERIES, Item
from tests import bodies, chain
from tests.caller import Caller
from tests.checker import check
from tests.integration.pdf.renderers import text_of
from tests.tenant import Tenant
from tests.waiting import wait_until

INVOICES, REQUESTS = "/api/v1/invoices", "/api/v1/credit-requests"
ITEMS = [
    {"description": "Cogs", "quantity": 3, "unitPrice": "3.33", "taxRate": "0.2"},
    {"description": "Support", "quantity": "2.5", "unitPrice": "80", "discount": "7.77", "taxRate": "0.09"},
]
WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"""
ENTRIES = """
    SELECT account_code, sum(debit), sum(credit) FROM journal_lines JOIN journal_entries AS e ON e.id = entry_id
    WHERE source_type = 'invoice' AND source_id = %s AND deleted_at IS NULL GROUP BY account_code ORDER BY 1"""


def show(client: Caller, number: str) -> dict[str, Any]:
    return client.get(f"{INVOICES}/{number}").json


def invoice(client: Caller, supplier_id: int, **changes: Any) -> dict[str, Any]:
    body = bodies.invoice(supplier_id, **{"items": ITEMS} | changes)
    return show(client, client.post(f"{INVOICES}/generate", body).json["invoiceNumber"])


def credit(client: Caller, number: str, *lines: tuple[int, Any], **changes: Any) -> Any:
    asked = {"lines": [{"lineNumber": line, "quantity": quantity} for line, quantity in lines]} if lines else {}
    return client.post(f"{INVOICES}/{number}/credit", {"reason": "Ordered twice"} | asked | changes)


def test_a_whole_credit_takes_back_all_of_the_invoice(client: Caller, organization: Tenant) -> None:
    issued = invoice(client, organization.supplier_id, purchaseOrderNumber="PO 7")
    answer = credit(client, issued["invoiceNumber"])
    assert (answer.status_code, answer.json["invoiceNumber"]) == (200, "CN-000001")
    note = show(client, "CN-000001")
    same = (
        "subtotal",
        "taxTotal",
        "total",
        "discountTotal",
        "taxBreakdown",
        "client",
        "supplier",
        "purchaseOrderNumber",
    )
    assert {name: note[name] for name in same} == {name: issued[name] for name in same}
    assert (note["documentType"], note["seriesCode"], note["creditReason"]) == (381, "credit", "Ordered twice")
    assert (note["credits"]["invoiceNumber"], note["paymentStatus"]) == ("INV-000001", None)
    after = show(client, "INV-000001")
    assert [one["invoiceNumber"] for one in after["creditedBy"]] == ["CN-000001"]
    assert (after["paymentStatus"], after["amountDue"]) == ("credited", 0)
    changed = {"creditedBy", "paymentStatus", "amountDue"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in issued.items() if k not in changed}


def test_parts_add_up_to_the_line_and_no_more_is_left(client: Caller, organization: Tenant) -> None:
    issued = invoice(client, organization.supplier_id)
    for quantity in (1, 1):
        assert credit(client, "INV-000001", (1, quantity)).status_code == 200
    assert show(client, "INV-000001")["paymentStatus"] == "partlyCredited"
    refused = credit(client, "INV-000001", (1, 2))
    assert (refused.status_code, refused.json["errors"]) == (
        409, {"lines[0].quantity": ["is more than the 1 left to credit"]},
    )  # fmt: skip
    assert credit(client, "INV-000001").json["invoiceNumber"] == "CN-000003"
    notes = [show(client, f"CN-00000{number}") for number in (1, 2, 3)]
    for name in ("subtotal", "taxTotal", "total"):
        assert round(100 * sum(note[name] for note in notes)) == round(100 * issued[name])
    refused = credit(client, "INV-000001")
    assert (refused.status_code, "credited already" in refused.json["detail"]) == (409, True)


LINES = st.lists(
    st.builds(
        Item,
        st.just("x"),
        st.decimals("0.0001", "50", places=4),
        st.decimals("0.000001", "99", places=6),
        tax_rate=st.decimals(0, 1, places=4),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, share=st.decimals("0.0001", "0.9999", places=4), currency=st.sampled_from(["EUR", "JPY", "KWD"]))
def _credit_in_two(organization, lines, share, currency):
    quantities = [(line.quantity * share).quantize(Decimal("0.0001")) for line in lines]
    first = tuple(CreditLine(number, quantity) for number, quantity in enumerate(quantities, 1) if quantity)
    is_all = quantities == [line.quantity for line in lines]
    with transaction() as session:
        [issued] = generation.issue(session, [organization.request(items=lines, currency_code=currency)])
        if first:
            crediting.issue(session, CreditRequest(organization.id, issued.id, "why", first))
        if not is_all:
            crediting.issue(session, CreditRequest(organization.id, issued.id, "why"))
        with pytest.raises(Conflict):
            crediting.issue(session, CreditRequest(organization.id, issued.id, "why"))
    assert not chain.rows(
        """SELECT i.id FROM invoices AS i JOIN invoices AS n ON n.credited_invoice_id = i.id GROUP BY i.id
        HAVING (i.subtotal, i.tax_total) IS DISTINCT FROM (sum(n.subtotal), sum(n.tax_total))"""
    )


def test_whatever_is_credited_in_parts_adds_up_and_verifies(database, organization):
    _credit_in_two(organization)
    chain.keep_books()
    check(database)


def test_two_at_once_never_take_back_the_same(client: Caller, organization: Tenant) -> None:
    issued = invoice(client, organization.supplier_id)
    with ThreadPoolExecutor(2) as pool:
        with transaction() as session:
            numbering.lock(session, [numbering.Key(organization.supplier_id, CREDIT_SERIES)])
            both = [pool.submit(credit, client, "INV-000001", (1, 2)) for _ in range(2)]
            wait_until(lambda: chain.value(WAITING) == 2, message="the two did not meet")
        statuses = sorted(one.result().status_code for one in both)
    assert statuses == [200, 409]
    assert len(show(client, issued["invoiceNumber"])["creditedBy"]) == 1


@pytest.mark.parametrize(
    ("lines", "status", "field"),
    [
        ([(3, 1)], 400, "lines[0].lineNumber"),
        ([(1, 1), (1, 1)], 400, "lines[1].lineNumber"),
        ([(1, 0)], 400, "lines[0].quantity"),
        ([(2, "2.5001")], 409, "lines[0].quantity"),
    ],
)
@pytest.mark.parametrize("queued", [False, True])
def test_what_cannot_be_credited_is_named_and_takes_no_number(
    queued: bool, lines: list, status: int, field: str, client: Caller, organization: Tenant
) -> None:
    invoice(client, organization.supplier_id)
    asked = [{"lineNumber": number, "quantity": quantity} for number, quantity in lines]
    body = {"invoiceNumber": "INV-000001", "reason": "why", "lines": asked}
    refused = client.post(REQUESTS, body) if queued else credit(client, "INV-000001", *lines)
    assert (refused.status_code, list(refused.json["errors"])) == (status, [field])
    assert chain.value("SELECT last_number FROM number_series WHERE code = 'credit'") == 0
    assert chain.value("SELECT count(*) FROM jobs WHERE kind = %s", KIND) == 0


def test_a_credit_note_is_not_credited_and_no_invoice_has_its_series(client: Caller, organization: Tenant) -> None:
    invoice(client, organization.supplier_id)
    credit(client, "INV-000001")
    assert credit(client, "CN-000001").status_code == 409
    refused = client.post(f"{INVOICES}/generate", bodies.invoice(organization.supplier_id, seriesCode="credit"))
    assert (refused.status_code, list(refused.json["errors"])) == (400, ["seriesCode"])


@pytest.mark.parametrize(
    ("change", "field"),
    [({"reason": ""}, "reason"), ({"reason": "😀"}, "reason"), ({"issueDate": "2026-05-19"}, "issueDate"),
     ({"lines": []}, "lines"), ({"reason": None}, "reason")],
)  # fmt: skip
def test_a_wrong_field_is_named(change: dict[str, Any], field: str, client: Caller, organization: Tenant) -> None:
    invoice(client, organization.supplier_id, issueDate="2026-05-20")
    refused = credit(client, "INV-000001", **change)
    assert (refused.status_code, list(refused.json["errors"])) == (400, [field])


def test_the_same_key_gets_the_same_credit_note(client: Caller, organization: Tenant) -> None:
    invoice(client, organization.supplier_id)
    path, body = f"{INVOICES}/INV-000001/credit", {"reason": "why", "lines": [{"lineNumber": 1, "quantity": 1}]}
    first, second = (client.post(path, body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json == second.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(show(client, "INV-000001")["creditedBy"]) == 1


def test_a_queued_credit_note_is_issued_once_and_one_that_was_overtaken_fails(
    client: Caller, organization: Tenant
) -> None:
    invoice(client, organization.supplier_id)
    body = {"invoiceNumber": "INV-000001", "reason": "why", "lines": [{"lineNumber": 1, "quantity": 2}]}
    first, second = (client.post(REQUESTS, body).json["requestId"] for _ in range(2))
    chain.run_waiting(KIND)
    done, late = (client.get(f"{REQUESTS}/{one}").json for one in (first, second))
    assert (done["status"], done["invoiceNumber"]) == ("COMPLETED", "CN-000001")
    assert (late["status"], "more than the 1 left" in late["errorMessage"]) == ("FAILED", True)


def test_many_are_queued_at_once_and_each_has_its_verdict(client: Caller, organization: Tenant) -> None:
    for _ in range(2):
        invoice(client, organization.supplier_id)
    requests = [{"invoiceNumber": f"INV-00000{n}", "reason": "why"} for n in (1, 2, 3)] + [{"reason": "why"}]
    verdicts = client.post(f"{REQUESTS}/bulk", {"requests": requests}).json
    assert ["requestId" in one for one in verdicts] == [True, True, False, False]
    assert (verdicts[2]["error"], list(verdicts[3]["errors"])) == ("invoice not found", ["invoiceNumber"])
    chain.run_waiting(KIND)
    assert {show(client, f"INV-00000{n}")["paymentStatus"] for n in (1, 2)} == {"credited"}
    assert client.post(f"{REQUESTS}/bulk", {"requests": requests[2:]}).status_code == 400


def test_the_journal_takes_back_what_it_entered(client: Caller, organization: Tenant) -> None:
    issued = invoice(client, organization.supplier_id)
    credit(client, "INV-000001")
    chain.keep_books()
    entered, reversed_ = (
        chain.rows(ENTRIES, show(client, number)["id"]) for number in (issued["invoiceNumber"], "CN-000001")
    )
    assert [(code, credit_, debit) for code, debit, credit_ in reversed_] == entered
    assert entered


def test_a_credit_note_is_never_dated_before_its_invoice(client: Caller, organization: Tenant) -> None:
    chain.ask("UPDATE number_series SET chronology = 'warn' WHERE code = 'invoice'")
    invoice(client, organization.supplier_id, issueDate="2099-05-20")
    assert credit(client, "INV-000001").json["issueDate"] == "2099-05-20"


def test_a_part_of_a_discounted_line_has_no_discount_below_nothing(client: Caller, organization: Tenant) -> None:
    line = {"description": "x", "quantity": 2, "unitPrice": "0.334", "discount": "0.001"}
    invoice(client, organization.supplier_id, items=[line])
    for number in (1, 2):
        credit(client, "INV-000001", (1, 1))
        assert show(client, f"CN-00000{number}")["discountTotal"] >= 0


@pytest.mark.parametrize("own", [False, True])
def test_the_print_says_what_it_is_and_which_invoice_it_corrects(
    own: bool, client: Caller, organization: Tenant
) -> None:
    if own:
        client.post("/api/v1/templates", {"name": "Own", "html": bodies.TEMPLATE, "isDefault": True})
    invoice(client, organization.supplier_id, issueDate="2026-05-20")
    credit(client, "INV-000001")
    text = text_of(client.get(f"{INVOICES}/CN-000001/pdf").data)
    for told in ("CN-000001", "Credit note", "For invoice INV-000001, May 20, 2026"):
        assert told in text
    assert own or "Reason Ordered twice" in text


def test_credit_notes_are_audited_in_their_own_series(client: Caller, organization: Tenant) -> None:
    invoice(client, organization.supplier_id)
    credit(client, "INV-000001")
    report = client.get(f"/api/v1/suppliers/{organization.supplier_id}/numbering/audit?seriesCode=credit").json
    assert (report["count"], report["gaps"], report["brokenLinks"]) == (1, [], [])

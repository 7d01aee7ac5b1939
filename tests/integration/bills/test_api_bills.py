"""A bill from its upload to the books: read, put right, approved or rejected, and the way back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from domain.bills.content import PERSON
from tests import chain
from tests.caller import Caller
from tests.integration.bills import papers
from tests.integration.bills.papers import PATH, entries, pdf, received, send, value, work
from tests.tenant import Tenant

Edit = Callable[[dict[str, Any]], Any]


def test_a_bill_is_accepted_before_it_is_parsed_and_then_read(client: Caller) -> None:
    answer = send(client, pdf())
    assert (answer.status_code, answer.json["status"]) == (202, "received")
    assert answer.headers["Location"] == f"{PATH}/{answer.json['billId']}"
    waiting = client.get(answer.headers["Location"]).json
    assert (waiting["status"], waiting["fields"], waiting["jobId"]) == ("received", {}, answer.json["jobId"])
    work()
    bill = client.get(answer.headers["Location"]).json
    said = {name: value(bill, name) for name in ("supplierVatId", "iban", "invoiceNumber", "issueDate", "currencyCode")}
    assert said == {
        "supplierVatId": papers.VAT_ID, "iban": papers.IBAN, "invoiceNumber": "2026-0117", "issueDate": "2026-11-02",
        "currencyCode": "EUR",
    }  # fmt: skip
    assert [value(bill, name) for name in ("subtotal", "taxTotal", "total")] == [100, 20, 120]
    total = bill["fields"]["total"]
    assert (total["origin"], total["page"], len(total["box"])) == ("text", 1, 4)
    [doubt] = [check for check in bill["checks"] if not check["passed"]]
    assert (bill["status"], doubt["name"], doubt["fields"][0]) == ("needs_review", "certain", "supplierName"), doubt


def test_the_bill_of_a_supplier_that_is_known_needs_no_review(client: Caller) -> None:
    first = received(client)
    client.post(f"{PATH}/{first['id']}/approve", {})
    assert received(client, pdf(number="2026-0118", date="2026-11-03"))["status"] == "processed"


def test_the_same_bytes_are_one_bill(client: Caller, stranger: Caller) -> None:
    first = send(client, pdf(), "first.pdf")
    again = send(client, pdf(), "second.pdf")
    assert (again.status_code, again.json["billId"]) == (200, first.json["billId"])
    other = send(stranger, pdf())
    assert (other.status_code, other.json["billId"] != first.json["billId"]) == (202, True)


def test_an_upload_is_repeated_under_its_key(client: Caller) -> None:
    headers = {"Idempotency-Key": "upload-1"}
    first, again = (send(client, pdf(), headers=headers) for _ in range(2))
    assert (again.status_code, again.json) == (202, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert send(client, pdf(number="2026-0118"), headers=headers).status_code == 422


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(100), "PDF"),
        (b"hello, here is my bill", "PDF"),
    ],
)
def test_what_is_no_bill_is_refused_at_once(client: Caller, data: bytes, says: str) -> None:
    answer = send(client, data)
    assert answer.status_code in (400, 415)
    assert says in answer.json["detail"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7\nnothing more", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged"),
        (b"<?xml version='1.0'?><note>no bill</note>", "e-invoice"),
    ],
)
def test_what_cannot_be_read_is_in_error_with_a_word_and_its_neighbours_are_read(
    client: Caller, data: bytes, says: str
) -> None:
    bad, good = send(client, data), send(client, pdf())
    work()
    bill = client.get(f"{PATH}/{bad.json['billId']}").json
    assert (bill["status"], says in bill["message"]) == ("error", True), bill["message"]
    assert client.get(f"{PATH}/{good.json['billId']}").json["status"] == "needs_review"


def test_an_approved_bill_is_booked_and_a_reopened_one_is_not(client: Caller, organization: Tenant) -> None:
    client.get("/api/v1/events")
    bill = received(client)
    approved = client.post(f"{PATH}/{bill['id']}/approve", {})
    assert (approved.status_code, approved.json["status"]) == (200, "approved"), approved.json
    assert (approved.json["accountCode"], approved.json["decidedAt"] is None) == ("6000", False)
    assert entries(organization) == {"6000": Decimal(100), "1400": Decimal(20), "2000": Decimal(-120)}
    assert client.post(f"{PATH}/{bill['id']}/approve", {}).status_code == 409
    reopened = client.post(f"{PATH}/{bill['id']}/reopen")
    assert (reopened.json["status"], reopened.json["accountCode"]) == ("needs_review", None)
    assert entries(organization) == {}
    told = [type for (type,) in chain.rows("SELECT type FROM pending_events ORDER BY id")]
    assert told == ["bill.needs_review", "bill.approved", "bill.reopened"]


def test_what_cannot_be_done_with_a_bill_says_what_can(client: Caller) -> None:
    bad, good = send(client, b"%PDF-1.7\nnothing more").json["billId"], received(client)["id"]
    for bill_id, deed, body, way in (
        (bad, "approve", {}, "cannot be approved: it could not be read: put its fields in by hand"),
        (bad, "reopen", None, "cannot be reopened: it could not be read: put its fields in by hand"),
        (good, "reopen", None, "cannot be reopened: it is neither approved nor rejected"),
    ):
        answer = client.post(f"{PATH}/{bill_id}/{deed}", body)
        assert (answer.status_code, way in answer.json["detail"]) == (409, True), answer.json
    client.post(f"{PATH}/{good}/approve", {})
    for deed, body in (("approve", {}), ("reject", {"reason": "x"}), ("reprocess", None)):
        answer = client.post(f"{PATH}/{good}/{deed}", body)
        assert "it is approved: reopen it first" in answer.json["detail"], answer.json


def test_a_credit_note_is_booked_the_other_way(client: Caller, organization: Tenant) -> None:
    bill = received(client)
    amounts = {"subtotal": "-100", "taxTotal": "-20", "total": "-120.00"}
    assert client.put(f"{PATH}/{bill['id']}/fields", amounts).status_code == 200
    assert client.post(f"{PATH}/{bill['id']}/approve", {"accountCode": "6500"}).status_code == 200
    assert entries(organization) == {"6500": Decimal(-100), "1400": Decimal(-20), "2000": Decimal(120)}


def test_the_next_bill_of_a_supplier_goes_to_the_account_of_the_last(client: Caller) -> None:
    for number, said in (("1001", {"accountCode": "6200"}), ("1002", {})):
        bill = received(client, pdf(number=number, date=f"2026-11-{number[-2:]}"))
        answer = client.post(f"{PATH}/{bill['id']}/approve", said)
        assert answer.json["accountCode"] == "6200", answer.json


def test_only_an_account_of_expenses_takes_a_bill(client: Caller) -> None:
    bill = received(client)
    for code in ("1000", "9999"):
        answer = client.post(f"{PATH}/{bill['id']}/approve", {"accountCode": code})
        assert (answer.status_code, list(answer.json["errors"])) == (400, ["accountCode"])
        assert "GET /api/v1/accounting/accounts " in answer.json["detail"]
    assert client.get(f"{PATH}/{bill['id']}").json["status"] == "needs_review"


def test_a_supplier_that_cannot_be_known_again_may_be_paid_once(client: Caller) -> None:
    bill = received(client)
    fields = {"supplierName": "...", "absent": ["supplierVatId", "supplierTaxId", "iban"]}
    assert client.put(f"{PATH}/{bill['id']}/fields", fields).status_code == 200
    assert client.post(f"{PATH}/{bill['id']}/approve", {}).json["status"] == "approved"
    assert chain.value("SELECT count(*) FROM bill_suppliers") == 0


def test_a_rejected_bill_keeps_its_reason(client: Caller, organization: Tenant) -> None:
    bill = received(client)
    rejected = client.post(f"{PATH}/{bill['id']}/reject", {"reason": "Not ours"}).json
    assert (rejected["status"], rejected["message"]) == ("rejected", "Not ours")
    assert client.post(f"{PATH}/{bill['id']}/approve", {}).status_code == 409
    assert entries(organization) == {}
    assert client.post(f"{PATH}/{bill['id']}/reopen").json["status"] == "needs_review"


def test_a_bill_that_looks_like_another_is_approved_only_when_that_is_confirmed(client: Caller) -> None:
    first = received(client)
    second = received(client, pdf(due="2026-12-24"))
    assert second["status"] == "needs_review"
    assert second["duplicates"] == [{"billId": first["id"], "status": "needs_review", "same": "number"}]
    third = received(client, pdf(number="another"))
    assert {one["same"] for one in third["duplicates"]} == {"amount"}
    refused = client.post(f"{PATH}/{second['id']}/approve", {})
    assert (refused.status_code, refused.json["duplicates"]) == (409, [first["id"], third["id"]])
    assert client.post(f"{PATH}/{second['id']}/approve", {"confirmDuplicate": True}).status_code == 200


def test_a_bill_without_what_the_books_need_is_not_approved(client: Caller) -> None:
    bill = received(client, pdf(total="", subtotal="", tax=""))
    assert bill["status"] == "needs_review"
    answer = client.post(f"{PATH}/{bill['id']}/approve", {})
    assert answer.status_code == 409
    assert "total" in answer.json["missing"]
    right = {"subtotal": "100", "taxTotal": "20", "total": "121"}
    client.put(f"{PATH}/{bill['id']}/fields", right)
    assert client.post(f"{PATH}/{bill['id']}/approve", {}).status_code == 409
    client.put(f"{PATH}/{bill['id']}/fields", {"total": 120})
    assert client.post(f"{PATH}/{bill['id']}/approve", {}).status_code == 200


def test_what_a_person_set_stays_when_a_bill_is_read_again(client: Caller) -> None:
    bill = received(client)
    client.put(f"{PATH}/{bill['id']}/fields", {"invoiceNumber": "2026-0117/B", "absent": ["dueDate"]})
    answer = client.post(f"{PATH}/{bill['id']}/reprocess")
    assert (answer.status_code, answer.json["status"]) == (202, "received")
    work()
    again = client.get(f"{PATH}/{bill['id']}").json
    assert [again["fields"][name]["origin"] for name in ("invoiceNumber", "dueDate", "total")] == [
        PERSON, PERSON, "text",
    ]  # fmt: skip
    assert (value(again, "invoiceNumber"), value(again, "dueDate")) == ("2026-0117/B", None)


def test_the_next_bill_of_a_supplier_is_read_as_a_person_put_the_last_one_right(client: Caller) -> None:
    page = papers.PAGE.replace("Invoice number: {number}", "Our sign: {number}<br>Ledger: 77-{number}")
    first = papers.render_pdf(page.format(**papers.USUAL), organization_id=0)
    bill = received(client, first)
    client.put(f"{PATH}/{bill['id']}/fields", {"invoiceNumber": "77-2026-0117"})
    second = papers.render_pdf(page.format(**{**papers.USUAL, "number": "2026-0201"}), organization_id=0)
    assert value(received(client, second), "invoiceNumber") == "77-2026-0201"


def test_events_tell_what_became_of_bills(client: Caller) -> None:
    client.get("/api/v1/events")
    bill = received(client)
    send(client, b"%PDF-1.7\nnothing")
    work()
    client.post(f"{PATH}/{bill['id']}/approve", {})
    chain.run_waiting("events.sequence")
    events = client.get("/api/v1/events").json
    told = [(event["type"], event["data"]["billId"] == bill["id"]) for event in events if "bill." in event["type"]]
    assert told == [("bill.needs_review", True), ("bill.failed", False), ("bill.approved", True)]
    assert events[0]["data"]["total"] == 120


def test_a_bill_whose_job_fails_or_is_cancelled_says_so_and_can_be_read_again(client: Caller) -> None:
    sent = send(client, pdf()).json
    client.post(f"/api/v1/jobs/{sent['jobId']}/cancel")
    bill = client.get(f"{PATH}/{sent['billId']}").json
    assert (bill["status"], "cancelled" in bill["message"]) == ("error", True)
    client.post(f"{PATH}/{sent['billId']}/reprocess")
    work()
    assert client.get(f"{PATH}/{sent['billId']}").json["status"] == "needs_review"


def test_bills_are_listed_by_status(client: Caller, stranger: Caller) -> None:
    bill = received(client)
    assert [one["id"] for one in client.get(f"{PATH}?status=needs_review").json] == [bill["id"]]
    assert client.get(f"{PATH}?status=error").json == []
    assert (client.get(PATH).json[0]["supplierName"] is None, client.get(PATH).json[0]["total"]) == (False, 120)
    assert stranger.get(PATH).json == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"iban": "DE00370400440532013000"}, "iban"),
        ({"currencyCode": "XYZ"}, "currencyCode"),
        ({"total": "12,50"}, "total"),
        ({"issueDate": "2026-02-30"}, "issueDate"),
        ({"absent": ["nothing"]}, "absent[0]"),
        ({"absent": ["iban", "total"], "total": "0"}, "total"),
        ({"supplier": "x"}, "supplier"),
    ],
)
def test_wrong_fields_are_named(client: Caller, body: dict[str, Any], field: str) -> None:
    bill = received(client)
    answer = client.put(f"{PATH}/{bill['id']}/fields", body)
    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])


def test_the_file_and_its_pages_can_be_seen(client: Caller) -> None:
    bill = received(client)
    file = client.get(f"{PATH}/{bill['id']}/file")
    assert (file.data, file.mimetype) == (pdf(), "application/pdf")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    page = client.get(f"{PATH}/{bill['id']}/pages/1.png")
    assert (page.mimetype, page.data[:4]) == ("image/png", b"\x89PNG")
    assert client.get(f"{PATH}/{bill['id']}/pages/2.png").status_code == 404

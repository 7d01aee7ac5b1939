"""What an invoice says besides its amounts: shown, printed, checked before a number is taken, frozen with it."""

from typing import Any

import pytest

from tests import bodies, chain
from tests.caller import Caller
from tests.integration.pdf.renderers import text_of
from tests.tenant import Tenant

GENERATE, SUPPLIERS = "/api/v1/invoices/generate", "/api/v1/parties/suppliers"
REQUESTED = {
    "purchaseOrderNumber": "PO-2026-17",
    "buyerReference": "04011000-12345-03",
    "contractNumber": "C-88",
    "deliveryPeriod": {"start": "2026-01-01", "end": "2026-01-31"},
    "paymentReference": "RF18539007547034",
}
PAYMENT = {
    "iban": "BG80 BNBG 9661 1020 3456 78",
    "bic": "BNBGBGSF",
    "paymentLink": "https://pay.example/acme?x=1",
    "paymentTerms": "Within 14 days",
}
ITEM = {"description": "Support", "quantity": "2.5", "unitPrice": "80", "unitCode": "HUR", "itemId": "S-1"}


def issue(client: Caller, supplier_id: int, **changes: Any) -> dict[str, Any]:
    answer = client.post(GENERATE, bodies.invoice(supplier_id, **changes))
    assert answer.status_code == 200, answer.json
    return client.get(f"/api/v1/invoices/{answer.json['invoiceNumber']}").json


def printed(client: Caller, invoice: dict[str, Any]) -> str:
    return text_of(client.get(f"/api/v1/invoices/{invoice['invoiceNumber']}/pdf").data)


def test_what_was_asked_for_is_shown_and_printed(client: Caller, organization: Tenant) -> None:
    client.put(f"{SUPPLIERS}/{organization.supplier_id}", bodies.party(**PAYMENT))
    invoice = issue(client, organization.supplier_id, items=[ITEM], **REQUESTED)
    own = PAYMENT | {"iban": "BG80BNBG96611020345678"}
    assert invoice | REQUESTED | own == invoice
    assert (invoice["items"][0]["unitCode"], invoice["items"][0]["itemId"]) == ("HUR", "S-1")
    text = printed(client, invoice)
    for shown in (
        "PO-2026-17", "04011000-12345-03", "C-88", "Jan 1 – 31, 2026", "RF18539007547034", "2.5 hr",
        "BG80 BNBG 9661 1020 3456 78", "BNBGBGSF", "https://pay.example/acme?x=1", "Within 14 days", "Item S-1",
        "Scan to pay",
    ):  # fmt: skip
        assert shown in text


def test_a_later_change_of_the_account_leaves_the_invoice(client: Caller, organization: Tenant) -> None:
    path = f"{SUPPLIERS}/{organization.supplier_id}"
    client.put(path, bodies.party(**PAYMENT))
    invoice = issue(client, organization.supplier_id)
    assert client.put(path, bodies.party()).json["iban"] is None
    assert client.get(f"/api/v1/invoices/{invoice['invoiceNumber']}").json == invoice
    later = issue(client, organization.supplier_id, paymentTerms="At once")
    assert (later["iban"], later["paymentTerms"]) == (None, "At once")


def test_without_a_reference_the_number_is_quoted_and_dollars_have_no_code(
    client: Caller, organization: Tenant
) -> None:
    client.put(f"{SUPPLIERS}/{organization.supplier_id}", bodies.party(**PAYMENT))
    text = printed(client, issue(client, organization.supplier_id, currencyCode="USD"))
    assert "Payment reference INV-000001" in text
    assert "Scan to pay" not in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"iban": "BG80BNBG96611020345679"}, "iban"),
        ({"bic": "BNBG"}, "bic"),
        ({"paymentLink": "http://pay.example"}, "paymentLink"),
        ({"paymentLink": "javascript:alert(1)"}, "paymentLink"),
        ({"paymentTerms": "x" * 501}, "paymentTerms"),
        ({"paymentTerms": "😀"}, "paymentTerms"),
        ({"taxRounding": "up"}, "taxRounding"),
    ],
)
def test_a_wrong_field_of_a_supplier_is_named(change: dict[str, Any], field: str, client: Caller) -> None:
    refused = client.post(SUPPLIERS, bodies.party(**change))
    assert (refused.status_code, list(refused.json["errors"])) == (400, [field])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"deliveryPeriod": {"start": "2026-02-01", "end": "2026-01-31"}}, "deliveryPeriod.end"),
        ({"deliveryPeriod": {"start": "2026-02-01"}}, "deliveryPeriod.end"),
        ({"deliveryDate": "2026-01-01", "deliveryPeriod": REQUESTED["deliveryPeriod"]}, "deliveryPeriod"),
        ({"purchaseOrderNumber": "\ue000"}, "purchaseOrderNumber"),
        ({"paymentReference": "x" * 141}, "paymentReference"),
        ({"items": [ITEM | {"unitCode": "hours"}]}, "items[0].unitCode"),
        ({"items": [ITEM | {"itemId": "😀"}]}, "items[0].itemId"),
        ({"localeCode": "xx_YY"}, "localeCode"),
    ],
)
@pytest.mark.parametrize("path", [GENERATE, chain.REQUESTS])
def test_a_wrong_term_is_named_and_takes_no_number(
    path: str, change: dict[str, Any], field: str, client: Caller, organization: Tenant
) -> None:
    refused = client.post(path, bodies.invoice(organization.supplier_id, **change))
    assert (refused.status_code, list(refused.json["errors"])) == (400, [field])
    assert chain.value("SELECT sum(last_number) FROM number_series") == 0

"""Tax by category and rate: in the answer, in print, and rounded as the supplier had it when the invoice was issued."""

from typing import Any

import pytest

from domain.invoices.request import KIND
from tests import bodies, chain
from tests.caller import Caller
from tests.integration.pdf.renderers import text_of
from tests.tenant import Tenant

GROUP = ("taxCategory", "taxRate", "taxableAmount", "taxAmount", "exemptionReason")
GENERATE, SUPPLIERS = "/api/v1/invoices/generate", "/api/v1/parties/suppliers"


def line(price: str, **changes: Any) -> dict[str, Any]:
    return {"description": "Work", "quantity": 1, "unitPrice": price} | changes


def issued(client: Caller, supplier_id: int, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = client.post(GENERATE, bodies.invoice(supplier_id, items=list(items), **changes))
    assert answer.status_code == 200, answer.json
    return client.get(f"/api/v1/invoices/{answer.json['invoiceNumber']}").json


def printed(client: Caller, invoice: dict[str, Any]) -> str:
    return text_of(client.get(f"/api/v1/invoices/{invoice['invoiceNumber']}/pdf").data)


def test_the_breakdown_has_each_category_and_rate_once(client: Caller, organization: Tenant) -> None:
    invoice = issued(
        client,
        organization.supplier_id,
        line("100", taxRate="0.2"),
        line("50", taxRate="0.09"),
        line("200", taxRate="0.2"),
        line("40", taxCategory="AE"),
        line("60", taxCategory="E", exemptionReason="Art. 132 (1) (i) of Directive 2006/112/EC"),
        line("70", taxCategory="K"),
    )
    shown = [tuple(group[name] for name in GROUP) for group in invoice["taxBreakdown"]]
    assert shown == [
        ("S", 0.2, 300, 60, None),
        ("S", 0.09, 50, 4.5, None),
        ("AE", 0, 40, 0, "Reverse charge"),
        ("E", 0, 60, 0, "Art. 132 (1) (i) of Directive 2006/112/EC"),
        ("K", 0, 70, 0, "Intra-Community supply"),
    ]
    assert invoice["taxTotal"] == sum(group["taxAmount"] for group in invoice["taxBreakdown"])
    assert [one["taxCategory"] for one in invoice["items"]] == ["S", "S", "S", "AE", "E", "K"]


def test_the_reason_is_in_the_language_of_the_invoice(client: Caller, organization: Tenant) -> None:
    invoice = issued(client, organization.supplier_id, line("40", taxCategory="AE"), localeCode="de_DE")
    assert invoice["taxBreakdown"][0]["exemptionReason"] == "Steuerschuldnerschaft des Leistungsempfängers"
    assert "Steuerschuldnerschaft des Leistungsempfängers" in printed(client, invoice)


def test_the_print_has_each_rate_with_its_base_and_tax(client: Caller, organization: Tenant) -> None:
    items = line("100", taxRate="0.2"), line("50", taxRate="0.09"), line("40", taxCategory="G")
    told = printed(client, issued(client, organization.supplier_id, *items))
    for row in ("Tax 20% (€100.00) €20.00", "Tax 9% (€50.00) €4.50", "Tax 0% (€40.00) €0.00 Export", "Tax €24.50"):
        assert row in told


def test_a_template_without_tax_rows_has_the_reason_beside_the_line(client: Caller, organization: Tenant) -> None:
    client.post("/api/v1/templates", {"name": "Own", "html": bodies.TEMPLATE, "isDefault": True})
    invoice = issued(client, organization.supplier_id, line("40", taxCategory="AE"))
    assert "Reverse charge" in printed(client, invoice)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"taxCategory": "AE", "taxRate": "0.2"}, "items[1].taxRate"),
        ({"taxCategory": "S", "taxRate": 0}, "items[1].taxRate"),
        ({"taxCategory": "S"}, "items[1].taxRate"),
        ({"taxCategory": "X"}, "items[1].taxCategory"),
        ({"exemptionReason": "because"}, "items[1].exemptionReason"),
        ({"taxCategory": "E", "exemptionReason": "😀"}, "items[1].exemptionReason"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [GENERATE, chain.REQUESTS])
def test_a_wrong_category_is_named_and_takes_no_number(
    path: str, change: dict[str, Any], field: str, client: Caller, organization: Tenant
) -> None:
    items = [line("1"), line("1", **change)]
    refused = client.post(path, bodies.invoice(organization.supplier_id, items=items))
    assert (refused.status_code, list(refused.json["errors"])) == (400, [field])
    assert chain.value("SELECT sum(last_number) FROM number_series") == 0


THIRDS = [line("0.33", taxRate="0.2")] * 3


def test_the_rounding_is_frozen_on_the_invoice(client: Caller, organization: Tenant) -> None:
    path = f"{SUPPLIERS}/{organization.supplier_id}"
    by_document = issued(client, organization.supplier_id, *THIRDS)
    assert client.put(path, bodies.party(taxRounding="line")).json["taxRounding"] == "line"
    by_line = issued(client, organization.supplier_id, *THIRDS)
    taxes = [(one["taxRounding"], one["taxTotal"]) for one in (by_document, by_line)]
    assert taxes == [("document", 0.2), ("line", 0.21)]
    again = client.get(f"/api/v1/invoices/{by_document['invoiceNumber']}").json
    assert again == by_document
    cents = [sum(round(100 * one["lineTax"]) for one in invoice["items"]) for invoice in (by_document, by_line)]
    assert cents == [20, 21]


def test_a_supplier_that_does_not_say_keeps_its_rounding_and_zone(client: Caller, organization: Tenant) -> None:
    path = f"{SUPPLIERS}/{organization.supplier_id}"
    client.put(path, bodies.party(taxRounding="line", timeZone="Europe/Sofia"))
    kept = client.put(path, bodies.party()).json
    assert (kept["taxRounding"], kept["timeZone"]) == ("line", "Europe/Sofia")


def test_what_is_queued_is_taxed_as_what_is_issued_at_once(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(
        organization.supplier_id,
        items=[line("0.33", taxRate="0.2", unitCode="HUR", itemId="A-1"), line("1", taxCategory="O"), *THIRDS],
        localeCode="fr_FR",
        purchaseOrderNumber="PO 7",
        deliveryPeriod={"start": "2026-01-01", "end": "2026-01-31"},
    )
    client.post(chain.REQUESTS, body)
    chain.run_waiting(KIND)
    client.post(GENERATE, body)
    own = ("id", "invoiceNumber", "invoiceNumberInt", "hash", "createdAt", "updatedAt")
    queued, direct = (
        {name: value for name, value in one.items() if name not in own} for one in client.get("/api/v1/invoices").json
    )
    assert queued == direct
    assert direct["items"][1]["exemptionReason"] == "Non soumis à la TVA"

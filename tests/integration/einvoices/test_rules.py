"""What is issued keeps the rules of EN 16931 in both syntaxes, and each rule that is broken is seen."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from domain.einvoices.conformity import broken_rules
from domain.einvoices.syntax import CII, UBL, xml
from domain.errors import Invalid

SUPPLIER = {"name": "Acme", "vat_id": "BG123456789", "address_line1": "1 St", "city": "Sofia", "country": "Bulgaria"}
CLIENT = {"name": "Ada", "vat_id": "DE123456789", "address_line1": "x", "city": "Berlin", "country": "Deutschland"}
STANDARD = {
    "line_number": 1, "description": "Work", "quantity": "2.5", "unit_price": "82", "discount": "5", "tax_rate": "0.2",
    "line_subtotal": "200", "line_tax": "40", "line_total": "240", "unit_code": "HUR",
}  # fmt: skip
CONTENT = {
    "invoice_number": "INV-000001", "issue_date": "2026-11-29", "due_date": "2026-12-15", "document_type": 380,
    "currency_code": "EUR", "notes": "Thanks", "supplier": SUPPLIER, "client": CLIENT, "items": [STANDARD],
    "subtotal": "200", "tax_total": "40", "total": "240",
    "terms": {"iban": "BG80BNBG96611020345678", "delivery_period": {"start": "2026-11-01", "end": "2026-11-30"}},
}  # fmt: skip
EXEMPT = {
    "line_number": 1, "description": "Goods", "quantity": "1", "unit_price": "40", "discount": "0", "tax_rate": "0",
    "line_subtotal": "40", "line_tax": "0", "line_total": "40", "exemption_reason": "why",
}  # fmt: skip
CREDITED = {"credited_number": "INV-000001", "credited_date": "2026-11-01", "credit_reason": "broken"}


def exempt(category: str) -> dict[str, Any]:
    own = {"items": [EXEMPT | {"tax_category": category}], "subtotal": "40", "tax_total": "0", "total": "40"}
    if category == "O":  # whoever is outside the scope of tax has no VAT id to tell
        no_vat = [{name: value for name, value in party.items() if name != "vat_id"} for party in (SUPPLIER, CLIENT)]
        own |= {"supplier": no_vat[0] | {"tax_id": "123"}, "client": no_vat[1]}
    return CONTENT | own


@pytest.mark.parametrize("syntax", [CII, UBL])
@pytest.mark.parametrize("category", ["Z", "E", "AE", "K", "G", "O"])
def test_each_category_keeps_the_rules(category: str, syntax: str) -> None:
    content = exempt(category)
    if category == "Z":
        del content["items"][0]["exemption_reason"]
    assert broken_rules(xml(content, syntax), syntax) == []


@pytest.mark.parametrize("syntax", [CII, UBL])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"document_type": 381, "due_date": None, "terms": CREDITED},
        {"terms": {
            "payment_terms": "soon", "buyer_reference": "B", "contract_number": "C", "purchase_order_number": "P",
        }},
        {"due_date": None, "terms": {"payment_terms": "soon", "delivery_date": "2026-11-20"}},
        {"currency_code": "JPY"},
        {"items": [STANDARD, EXEMPT | {"line_number": 2, "tax_category": "E", "item_id": "A-1"}],
         "subtotal": "240", "total": "280"},
    ],
)  # fmt: skip
def test_what_an_invoice_can_say_keeps_the_rules(change: dict[str, Any], syntax: str) -> None:
    assert broken_rules(xml(CONTENT | change, syntax), syntax) == []


def test_a_country_without_a_code_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        xml(CONTENT | {"client": CLIENT | {"country": "Atlantis"}}, CII)
    assert list(refused.value.errors) == ["client.country"]


NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
TOTAL, SUBTOTAL = "cac:LegalMonetaryTotal/cbc:", "cac:TaxTotal/cac:TaxSubtotal/"
LINE_CATEGORY, GROUP_CATEGORY = (
    "cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory/cbc:",
    f"{SUBTOTAL}cac:TaxCategory/cbc:",
)
ALLOWANCE = """
    <cac:AllowanceCharge xmlns:cac="{cac}" xmlns:cbc="{cbc}"><cbc:ChargeIndicator>{charge}</cbc:ChargeIndicator>
    <cbc:AllowanceChargeReason>x</cbc:AllowanceChargeReason><cbc:Amount currencyID="EUR">1</cbc:Amount><cac:TaxCategory>
    <cbc:ID>S</cbc:ID><cbc:Percent>{percent}</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
    </cac:TaxCategory></cac:AllowanceCharge>"""
Break = Callable[[Any], None]


def says(path: str, text: str) -> Break:
    def change(root: Any) -> None:
        for element in root.findall(path, NAMESPACES):
            element.text = text

    return change


def lacks(path: str) -> Break:
    def change(root: Any) -> None:
        for element in root.findall(path, NAMESPACES):
            element.getparent().remove(element)

    return change


def has(xml_of_it: str) -> Break:
    def change(root: Any) -> None:
        root.find("cac:TaxTotal", NAMESPACES).addprevious(etree.fromstring(xml_of_it))

    return change


def total(name: str) -> Break:
    def change(root: Any) -> None:
        element = etree.SubElement(root.find("cac:LegalMonetaryTotal", NAMESPACES), f"{{{NAMESPACES['cbc']}}}{name}")
        element.text, _ = "5", element.set("currencyID", "EUR")

    return change


def charge(is_charge: bool, percent: str = "20") -> Break:
    return has(ALLOWANCE.format(charge=str(is_charge).lower(), percent=percent, **NAMESPACES))


def reason(root: Any) -> None:
    percent = root.find(f"{GROUP_CATEGORY}Percent", NAMESPACES)
    exempt_because = etree.Element(f"{{{NAMESPACES['cbc']}}}TaxExemptionReason")
    exempt_because.text = "why"
    percent.addnext(exempt_because)


IDS = lacks("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme")
BROKEN: dict[str, list[Break]] = {
    "BR-CO-10": [says(f"{TOTAL}LineExtensionAmount", "201")],
    "BR-CO-11": [total("AllowanceTotalAmount")],
    "BR-CO-12": [total("ChargeTotalAmount")],
    "BR-CO-13": [says(f"{TOTAL}TaxExclusiveAmount", "201")],
    "BR-CO-14": [says("cac:TaxTotal/cbc:TaxAmount", "41")],
    "BR-CO-15": [says(f"{TOTAL}TaxInclusiveAmount", "241")],
    "BR-CO-16": [says(f"{TOTAL}PayableAmount", "241")],
    "BR-CO-17": [says(f"{SUBTOTAL}cbc:TaxAmount", "60")],
    "BR-S-01": [says(f"{GROUP_CATEGORY}ID", "E")],
    "BR-S-02": [IDS],
    "BR-S-03": [charge(False), IDS],
    "BR-S-04": [charge(True), IDS],
    "BR-S-05": [says(f"{LINE_CATEGORY}Percent", "0")],
    "BR-S-06": [charge(False, percent="0")],
    "BR-S-07": [charge(True, percent="0")],
    "BR-S-08": [says(f"{SUBTOTAL}cbc:TaxableAmount", "300")],
    "BR-S-09": [says(f"{SUBTOTAL}cbc:TaxAmount", "60")],
    "BR-S-10": [reason],
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_of_sums_and_of_the_standard_rate_is_seen_when_it_is_broken(rule: str) -> None:
    root = etree.fromstring(xml(CONTENT, UBL))
    for change in BROKEN[rule]:
        change(root)
    assert rule in [broken.rule for broken in broken_rules(etree.tostring(root), UBL)]


def test_a_rule_that_is_broken_in_the_other_syntax_is_seen_too() -> None:
    text = xml(CONTENT, CII)
    wrong = re.sub(rb"(<ram:GrandTotalAmount>)240.00", rb"\g<1>241.00", text)
    assert wrong != text
    assert "BR-CO-15" in [broken.rule for broken in broken_rules(wrong, CII)]

"""What cannot be printed is not issued: refused on every path, with the field's name, before a number is taken."""

import pytest

from domain.invoices.printable import MAX_LETTERS
from domain.invoices.request import KIND
from domain.templates.template import DEFAULTS
from tests import bodies, chain

GENERATE, REQUESTS, BULK = chain.GENERATE, chain.REQUESTS, f"{chain.REQUESTS}/bulk"
NUMBERED = "SELECT coalesce(max(last_number), 0) FROM number_series"
EMOJI = "\U0001f600"
SIZE = {"items": [bodies.ITEM | {"description": "x" * 1000}] * (MAX_LETTERS // 1000), "notes": "y"}
REFUSED = {
    "items": SIZE,
    "items[1].description": {"items": [bodies.ITEM, bodies.ITEM | {"description": f"Work {EMOJI}"}]},
    "notes": {"notes": "private \ue000"},
    "client.city": {"client": bodies.CLIENT | {"city": f"Lon{EMOJI}don"}},
    "client.vatId": {"client": bodies.CLIENT | {"vatId": "ᚠ1"}},
}


def numbered() -> int:
    return chain.value(NUMBERED)


@pytest.mark.parametrize("field", REFUSED)
@pytest.mark.parametrize("path", [GENERATE, REQUESTS, BULK])
def test_a_request_that_cannot_be_printed_is_refused_by_the_name_of_its_field(client, organization, path, field):
    body = bodies.invoice(organization.supplier_id, **REFUSED[field])
    answer = client.post(path, {"requests": [body]} if path == BULK else body)
    assert answer.status_code == 400, answer.json
    errors = answer.json["requests"][0]["errors"] if path == BULK else answer.json["errors"]
    assert list(errors) == [field]
    assert "Retry-After" not in answer.headers
    assert (numbered(), chain.value("SELECT count(*) FROM open_jobs")) == (0, 0)


@pytest.mark.parametrize("path", ["/api/v1/parties/clients", "/api/v1/parties/suppliers"])
def test_a_party_with_a_character_that_no_font_has_is_not_saved(client, path):
    answer = client.post(path, bodies.party(city=f"Arling{EMOJI}ton"))
    assert answer.status_code == 400
    assert "(U+1F600)" in answer.json["errors"]["city"][0]


def test_a_party_that_was_saved_while_there_were_more_fonts_gets_no_number(client, organization):
    chain.ask("UPDATE suppliers SET address_line1 = %s", f"{EMOJI} Street")
    invoice = bodies.invoice(organization.supplier_id)
    answer = client.post(GENERATE, invoice)
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["supplier.addressLine1"])
    queued = client.post(REQUESTS, invoice)
    chain.run_waiting(KIND)
    job = client.get(f"{REQUESTS}/{queued.json['requestId']}").json
    assert (job["status"], numbered()) == ("FAILED", 0)
    assert "supplier.addressLine1 has a character that no font here can draw" in job["errorMessage"]


def test_every_script_that_a_font_has_is_issued(client, organization):
    names = ["発票 請求書 한글", "فاتورة חשבונית", "चालान ใบแจ้งหนี้ விலை চালান", "ინვოისი Հաշիվ ደረሰኝ → ★ ☎ ⅓"]
    items = [bodies.ITEM | {"description": name} for name in names]
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id, items=items)).status_code == 200
    assert client.get("/api/v1/invoices/INV-000001/pdf").data.startswith(b"%PDF")


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_the_largest_invoice_that_can_be_asked_for_is_printed(client, organization, template):
    [chosen] = [one["id"] for one in client.get("/api/v1/templates").json if one["name"] == template.capitalize()]
    supplier = f"/api/v1/parties/suppliers/{organization.supplier_id}"
    assert client.put(supplier, bodies.party(defaultTemplateId=chosen)).status_code == 200
    items = [bodies.ITEM | {"description": "W" * (MAX_LETTERS // 1000)}] * 1000
    body = bodies.invoice(organization.supplier_id, items=items)
    assert client.post(GENERATE, body).status_code == 200
    assert client.get("/api/v1/invoices/INV-000001/pdf").data.startswith(b"%PDF")

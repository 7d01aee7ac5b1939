"""Text that shows nothing is blank, and the same letters are the same text."""

from typing import Any

import pytest

from tests import bodies
from tests.caller import Caller
from tests.tenant import Tenant

NOTHING = ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u2800", "\u3164", "\u180e", "\x85", "\x9b \u200f", "\U000e0041"]
DECOMPOSED, COMPOSED = "Cafe\u0301", "Caf\u00e9"


def required(client: Caller, supplier_id: int, text: str) -> list[tuple[str, dict[str, Any], str]]:
    """Return each kind of required text as (path, body, field)."""
    item, party = bodies.ITEM | {"description": text}, bodies.CLIENT | {"city": text}
    return [
        ("/api/v1/invoices/generate", bodies.invoice(supplier_id, items=[item]), "items[0].description"),
        ("/api/v1/invoice-requests", bodies.invoice(supplier_id, client=party), "client.city"),
        ("/api/v1/parties/clients", bodies.party(name=text), "name"),
        ("/api/v1/parties/suppliers", bodies.party(country=text), "country"),
        ("/api/v1/templates", {"name": text, "html": bodies.TEMPLATE}, "name"),
        ("/api/v1/products", {"sku": text, "name": "Cog"}, "sku"),
        ("/api/v1/products", {"sku": "1", "name": text}, "name"),
        ("/api/v1/locations", {"name": text}, "name"),
        ("/api/v1/jobs", {"type": text, "payload": {}}, "type"),
    ]


@pytest.mark.parametrize("nothing", NOTHING, ids=ascii)
def test_text_that_shows_nothing_is_blank(nothing: str, client: Caller, organization: Tenant) -> None:
    for path, body, field in required(client, organization.supplier_id, f" {nothing}"):
        answer = client.post(path, body)
        assert (answer.status_code, [*answer.json["errors"]]) == (400, [field]), path
    made = client.post("/api/v1/parties/clients", bodies.party(phone=nothing, taxId=f"{nothing} {nothing}"))
    assert (made.status_code, made.json["phone"], made.json["taxId"]) == (201, None, None)
    refused = client.post("/api/v1/parties/clients", bodies.party(email=f"{nothing}@{nothing}"))
    assert [*refused.json["errors"]] == ["email"]
    assert client.get("/api/v1/parties/clients/search", query_string={"q": nothing * 2}).status_code == 400


@pytest.mark.parametrize("written", ["a\x07b", "\x1b[31m", "a\x0bb", "\ufffe", "a\x00"], ids=ascii)
def test_text_that_no_e_invoice_could_hold_is_refused(written: str, client: Caller, organization: Tenant) -> None:
    for path, body, field in required(client, organization.supplier_id, written):
        answer = client.post(path, body)
        assert (answer.status_code, [*answer.json["errors"]]) == (400, [field]), path
    for field in ("notes", "buyerReference", "purchaseOrderNumber", "contractNumber", "paymentTerms"):
        body = bodies.invoice(organization.supplier_id, **{field: written})
        answer = client.post("/api/v1/invoices/generate", body)
        assert (answer.status_code, [*answer.json["errors"]]) == (400, [field])


@pytest.mark.parametrize(
    "text", ["\u0301" * 200_000 + "\u0316" * 200_000, "e" + "\u0301\u0316" * 16], ids=["long", "short"]
)
@pytest.mark.parametrize("place", ["name", "value", "list"])
def test_a_row_of_marks_that_takes_long_to_normalize_is_refused_before(place: str, text: str, client: Caller) -> None:
    """Its first version took six seconds of the whole process, and more than that to be refused."""
    body = {"name": {text: 1}, "value": {"x": text}, "list": {"x": [[text]]}}[place]
    answer = client.post("/api/v1/invoices/generate", body)
    assert (answer.status_code, "combining marks" in answer.json["detail"]) == (400, True)
    asked = client.get("/api/v1/parties/client", query_string={"taxId": text[:1000]})
    assert asked.status_code == 400


def test_the_marks_that_languages_need_are_kept(client: Caller) -> None:
    name = "Z\u0351\u036b\u0343\u036a e\u0323\u0302 \u0e01\u0e33\u0e49 \u05e9\u05c1\u05b8"
    made = client.post("/api/v1/products", {"sku": "1", "name": name})
    assert made.status_code == 201


def test_text_is_kept_in_one_form_however_it_was_typed(client: Caller) -> None:
    made = client.post("/api/v1/parties/clients", bodies.party(name=DECOMPOSED, taxId=DECOMPOSED)).json
    assert (made["name"], made["taxId"]) == (COMPOSED, COMPOSED)
    for typed in (DECOMPOSED, COMPOSED):
        assert client.get("/api/v1/parties/client", query_string={"taxId": typed}).json == made
        assert client.get("/api/v1/parties/clients/search", query_string={"q": typed}).json == [made]


@pytest.mark.parametrize(("path", "field"), [("/api/v1/products", "sku"), ("/api/v1/locations", "name")])
def test_a_name_differs_from_another_by_more_than_what_nobody_sees(path: str, field: str, client: Caller) -> None:
    other = {"name": "Cog"} if field == "sku" else {}
    assert client.post(path, {field: f"{COMPOSED} 1", **other}).status_code == 201
    for alike in (f"{DECOMPOSED} 1", f"{COMPOSED}\u200b 1", f"\ufeff{COMPOSED}\u00a0 1", "Ca\u00adf\u00e9 1\u2060"):
        refused = client.post(path, {field: alike, **other})
        assert (refused.status_code, [*refused.json["errors"]]) == (409, [field]), ascii(alike)
    assert client.post(path, {field: f"{COMPOSED} 1".upper(), **other}).status_code == 201
    shown = client.post(path, {field: "a\u200db", **other}).json
    assert shown[field] == "a\u200db"

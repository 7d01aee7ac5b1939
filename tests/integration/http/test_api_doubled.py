"""What must be given once and is given twice is refused: neither of the two is taken."""

import json

import pytest

from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant

GENERATE = "/api/v1/invoices/generate"


def named(answer) -> list[str]:
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    return [*answer.json["errors"]]


@pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Type", "Authorization", "Last-Event-ID"])
def test_a_header_that_is_sent_twice_is_refused(name: str, client: Caller, organization: Tenant) -> None:
    once = {"Authorization": f"Bearer {organization.key}", "Content-Type": "application/json"}.get(name, "k")
    for twice in (f"{once},{once}", f"{once}, other"):
        body = json.dumps(bodies.invoice(organization.supplier_id)).encode()
        kind = twice if name == "Content-Type" else "application/json"
        assert named(client.post(GENERATE, body, content_type=kind, headers={name: twice})) == [name]
    assert chain.value("SELECT count(*) FROM invoices") == 0


def test_a_header_that_is_a_list_may_be_sent_twice(client: Caller) -> None:
    places = bodies.inventory(client)
    wishes = {"Prefer": "handling=lenient, respond-async"}
    assert client.post("/api/v1/sales", bodies.sale(places), headers=wishes).status_code == 202


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/invoices?limit=1&limit=2", "limit"),
        ("/api/v1/invoices?status=issued&status=issued", "status"),
        ("/api/v1/jobs?type=a&type=b", "type"),
        ("/api/v1/stock?locationId=1&location_id=2", "locationId"),
        ("/api/v1/parties/client?taxId=1&tax_id=1", "taxId"),
        ("/api/v1/health?x=1&x=1", "x"),
        ("/invoices/generate?unpaid=true&unpaid=false", "unpaid"),
    ],
)
def test_a_parameter_that_is_given_twice_is_refused(path: str, name: str, client: Caller) -> None:
    method = "POST" if "generate" in path else "GET"
    assert named(client.send(method, path, {} if method == "POST" else None)) == [name]


TWICE = [
    '{"name": "a", "name": "a"}',
    '{"requests": [{"items": [{"name": 1, "name": 2}]}]}',
    '{"type": "x", "payload": {"deep": [[{"name": 1, "other": 1, "name": 1}]]}}',
    '{"caf\\u00e9": 1, "cafe\\u0301": 2, "name": 1, "n\\u0061me": 1}',
]


@pytest.mark.parametrize("body", TWICE)
@pytest.mark.parametrize(
    "path", [GENERATE, "/api/v1/invoice-requests/bulk", "/api/v1/jobs", "/api/v1/parties/clients", "/api/v1/products"]
)
def test_a_name_that_stands_twice_in_an_object_is_refused_by_name(body: str, path: str, client: Caller) -> None:
    answer = client.post(path, body.encode())
    assert answer.status_code == 400
    assert answer.json["detail"] in (f'the name "{name}" stands twice in one object' for name in ("name", "café"))


def test_one_field_in_both_spellings_is_refused(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id)
    assert named(client.post(GENERATE, body | {"supplier_id": organization.supplier_id})) == ["supplierId"]
    client_twice = {"client": bodies.CLIENT | {"address_line1": "elsewhere"}}
    assert named(client.post(GENERATE, body | client_twice)) == ["client.addressLine1"]
    item_twice = {"items": [bodies.ITEM | {"unit_price": 1}]}
    assert named(client.post(GENERATE, body | item_twice)) == ["items[0].unitPrice"]
    assert named(client.post("/api/v1/parties/clients", bodies.party(taxId="1", tax_id=None))) == ["taxId"]

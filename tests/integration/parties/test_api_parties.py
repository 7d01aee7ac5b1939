"""Suppliers, clients and templates."""

import pytest

from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant

SUPPLIERS, CLIENTS, TEMPLATES = "/api/v1/parties/suppliers", "/api/v1/parties/clients", "/api/v1/templates"
PARTY = {
    "id", "name", "addressLine1", "addressLine2", "city", "region", "postalCode", "country", "taxId", "vatId", "email",
    "phone", "createdAt", "updatedAt",
}  # fmt: skip
PAYMENT = {"iban", "bic", "paymentLink", "paymentTerms"}
SETTINGS = {
    "invoicePrefix": "2026-",
    "invoiceNumberDigits": 4,
    "invoiceStartNumber": 100,
    "localeCode": "bg_BG",
    "currencyCode": "BGN",
    "defaultTaxRate": 0.2,
}


def test_a_supplier_is_made_shown_and_listed(client: Caller) -> None:
    made = client.post(SUPPLIERS, bodies.party(vatId="BG1", **SETTINGS))
    assert made.status_code == 201
    assert made.json.keys() == PARTY | SETTINGS.keys() | PAYMENT | {
        "defaultTemplateId", "series", "taxRounding", "timeZone", "eInvoice",
    }  # fmt: skip
    assert made.json | SETTINGS == made.json
    shown = client.get(made.headers["Location"])
    assert (shown.status_code, shown.json) == (200, made.json)
    assert made.json in client.get(SUPPLIERS).json


def test_a_suppliers_settings_shape_its_invoices(client: Caller) -> None:
    supplier = client.post(SUPPLIERS, bodies.party(**SETTINGS)).json
    item = {"description": "Work", "quantity": 1, "unitPrice": 10}
    issued = client.post("/api/v1/invoices/generate", bodies.invoice(supplier["id"], items=[item]))
    assert issued.json["invoiceNumber"] == "2026-0100"
    shown = client.get("/api/v1/invoices/2026-0100").json
    assert (shown["currencyCode"], shown["localeCode"], shown["taxTotal"]) == ("BGN", "bg_BG", 2)


def test_a_prefix_may_be_empty(client: Caller) -> None:
    supplier = client.post(SUPPLIERS, bodies.party(invoicePrefix="", invoiceNumberDigits=10)).json
    issued = client.post("/api/v1/invoices/generate", bodies.invoice(supplier["id"]))
    assert issued.json["invoiceNumber"] == "0000000001"


def test_a_series_cannot_change_once_it_has_an_invoice(client: Caller, organization: Tenant) -> None:
    path = f"{SUPPLIERS}/{organization.supplier_id}"
    assert client.put(path, bodies.party(invoicePrefix="A-")).json["invoicePrefix"] == "A-"
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    for change in ({"invoicePrefix": "B-"}, {"invoiceNumberDigits": 9}, {"invoiceStartNumber": 9}):
        refused = client.put(path, bodies.party(name="Renamed", **change))
        assert (refused.status_code, refused.mimetype) == (409, "application/problem+json")
    kept = client.put(path, bodies.party(name="Renamed", invoicePrefix="A-", localeCode="de_DE"))
    assert (kept.status_code, kept.json["name"], kept.json["localeCode"]) == (200, "Renamed", "de_DE")


DETAILS = ("addressLine2", "region", "postalCode", "taxId", "vatId", "phone")


@pytest.mark.parametrize("again", ["absent", "null"])
def test_a_replaced_supplier_is_as_a_new_one(again: str, client: Caller) -> None:
    template = client.post(TEMPLATES, {"name": "Own", "html": bodies.TEMPLATE}).json["id"]
    given = dict.fromkeys(DETAILS, "1") | SETTINGS | {"email": "a@b.example", "defaultTemplateId": template}
    made = client.post(SUPPLIERS, bodies.party(**given)).json
    body = bodies.party(**dict.fromkeys(given)) if again == "null" else bodies.party()
    changed = client.put(f"{SUPPLIERS}/{made['id']}", body).json
    new = client.post(SUPPLIERS, bodies.party()).json
    assert {name: changed[name] for name in given} == {name: new[name] for name in given}
    assert changed["updatedAt"] > made["updatedAt"]


@pytest.mark.parametrize("again", ["absent", "null"])
def test_a_replaced_client_and_template_are_as_new_ones(again: str, client: Caller) -> None:
    made = client.post(CLIENTS, bodies.party(**dict.fromkeys(DETAILS, "1"), email="a@b.example"))
    nulls = dict.fromkeys([*DETAILS, "email"]) if again == "null" else {}
    changed = client.put(made.headers["Location"], bodies.party(**nulls)).json
    assert {changed[name] for name in (*DETAILS, "email")} == {None}
    template = client.post(TEMPLATES, {"name": "Own", "html": bodies.TEMPLATE})
    nulls = {"isDefault": None} if again == "null" else {}
    body = {"name": "Same", "html": bodies.TEMPLATE} | nulls
    assert client.put(template.headers["Location"], body).json["isDefault"] is False


def test_the_default_template_stays_one_until_another_is(client: Caller) -> None:
    made = client.post(TEMPLATES, {"name": "Own", "html": bodies.TEMPLATE, "isDefault": True})
    kept = client.put(made.headers["Location"], {"name": "Own", "html": bodies.TEMPLATE, "isDefault": None})
    assert kept.json["isDefault"] is True
    refused = client.put(made.headers["Location"], {"name": "Own", "html": bodies.TEMPLATE, "isDefault": False})
    assert (refused.status_code, [*refused.json["errors"]]) == (400, ["isDefault"])


def test_a_replacement_that_leaves_out_a_series_in_use_says_what_to_send(client: Caller) -> None:
    made = client.post(SUPPLIERS, bodies.party(**SETTINGS)).json
    client.post("/api/v1/invoices/generate", bodies.invoice(made["id"]))
    path = f"{SUPPLIERS}/{made['id']}"
    refused = client.put(path, bodies.party(name="Renamed"))
    assert refused.status_code == 409
    assert 'invoicePrefix "2026-", invoiceNumberDigits 4 and invoiceStartNumber 100' in refused.json["detail"]
    unchanged = client.get(path).json
    assert unchanged | {"series": made["series"]} == made
    assert client.put(path, bodies.party(name="Renamed", **SETTINGS)).json["name"] == "Renamed"


@pytest.mark.parametrize("name", ["name", "addressLine1", "city", "country"])
def test_what_is_required_cannot_be_cleared(name: str, client: Caller, organization: Tenant) -> None:
    made = client.post(CLIENTS, bodies.party()).headers["Location"]
    for path in (f"{SUPPLIERS}/{organization.supplier_id}", made):
        refused = client.put(path, bodies.party() | {name: None})
        assert (refused.status_code, [*refused.json["errors"]]) == (400, [name])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"invoicePrefix": "a/b"}, "invoicePrefix"),
        ({"invoicePrefix": "a\r\nSet-Cookie: x"}, "invoicePrefix"),
        ({"invoicePrefix": "x" * 21}, "invoicePrefix"),
        ({"invoiceNumberDigits": 0}, "invoiceNumberDigits"),
        ({"invoiceNumberDigits": 19}, "invoiceNumberDigits"),
        ({"invoiceStartNumber": 0}, "invoiceStartNumber"),
        ({"localeCode": "xx_YY"}, "localeCode"),
        ({"currencyCode": "ZZZ"}, "currencyCode"),
        ({"defaultTaxRate": 2}, "defaultTaxRate"),
        ({"defaultTemplateId": 10**15}, "defaultTemplateId"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"name": None}, "name"),
        ({"id": 1}, "id"),
    ],
)
def test_a_wrong_setting_is_named(change: dict, field: str, client: Caller, organization: Tenant) -> None:
    before = chain.value("SELECT count(*) FROM suppliers")
    for method, path in (("POST", SUPPLIERS), ("PUT", f"{SUPPLIERS}/{organization.supplier_id}")):
        refused = client.send(method, path, bodies.party() | change)
        assert (refused.status_code, [*refused.json["errors"]]) == (400, [field]), method
    assert chain.value("SELECT count(*) FROM suppliers") == before


def test_all_that_is_looked_up_and_wrong_is_named_together(client: Caller) -> None:
    refused = client.post(SUPPLIERS, bodies.party(defaultTemplateId=10**15, timeZone="Mars/Olympus"))
    assert [*refused.json["errors"]] == ["defaultTemplateId", "timeZone"]


def test_a_client_lives_until_it_is_deleted(client: Caller) -> None:
    made = client.post(CLIENTS, bodies.party(taxId="T1", vatId="V1"))
    assert (made.status_code, made.json.keys()) == (201, PARTY)
    path = made.headers["Location"]
    changed = client.put(path, bodies.party(name="Grace Hopper", taxId="T1"))
    assert (changed.json["name"], changed.json["vatId"]) == ("Grace Hopper", None)
    assert client.get(path).json == changed.json
    assert client.delete(path).status_code == 204
    assert [client.send(method, path, bodies.party()).status_code for method in ("GET", "PUT")] == [404, 404]
    assert client.delete(path).status_code == 404
    assert client.get(CLIENTS).json == []
    assert client.get("/api/v1/parties/client?taxId=T1").status_code == 404
    assert client.post(CLIENTS, bodies.party(taxId="T1")).status_code == 201


@pytest.mark.parametrize("field", ["taxId", "vatId"])
def test_an_identity_has_one_client(field: str, client: Caller, stranger: Caller) -> None:
    assert client.post(CLIENTS, bodies.party(**{field: "X"})).status_code == 201
    second = client.post(CLIENTS, bodies.party()).headers["Location"]
    for method, path in (("POST", CLIENTS), ("PUT", second)):
        refused = client.send(method, path, bodies.party(**{field: "X"}))
        assert (refused.status_code, [*refused.json["errors"]]) == (409, [field])
    assert stranger.post(CLIENTS, bodies.party(**{field: "X"})).status_code == 201


def test_a_client_is_found_by_identity(client: Caller) -> None:
    by_tax = client.post(CLIENTS, bodies.party(taxId="T1")).json
    by_vat = client.post(CLIENTS, bodies.party(vatId="V2")).json
    found = {"taxId=T1": by_tax, "vatId=V2": by_vat, "taxId=T1&vatId=V2": by_tax, "taxId=no&vatId=V2": by_vat}
    for query, one in found.items():
        assert client.get(f"/api/v1/parties/client?{query}").json == one
    assert client.get("/api/v1/parties/client?taxId=T").status_code == 404


def test_a_client_without_ids_is_found_by_none(client: Caller) -> None:
    assert client.post(CLIENTS, bodies.party()).json["taxId"] is None
    for query in ("taxId=NONE", "vatId=NONE", "vatId=-", "taxId=NONE&vatId=NONE"):
        assert client.get(f"/api/v1/parties/client?{query}").status_code == 404, query
    assert client.get("/api/v1/parties/client").status_code == 400


def test_clients_are_searched_by_a_part_of_them(client: Caller) -> None:
    for name in ("Ada_Lovelace", "AdaXLovelace", "Анна"):
        client.post(CLIENTS, bodies.party(name=name, email=f"{len(name)}@x.example"))
    names = lambda q: [one["name"] for one in client.get(f"{CLIENTS}/search", query_string={"q": q}).json]  # noqa: E731
    assert names("lovelace") == ["Ada_Lovelace", "AdaXLovelace"]
    assert names("a_l") == ["Ada_Lovelace"]
    assert names("нн") == ["Анна"]
    assert names("4@X") == ["Анна"]
    for q in ("", "a", " a "):
        assert client.get(f"{CLIENTS}/search", query_string={"q": q}).status_code == 400


@pytest.mark.parametrize("path", [SUPPLIERS, CLIENTS, TEMPLATES, f"{CLIENTS}/search?q=gr"])
def test_every_list_is_paged(path: str, client: Caller) -> None:
    for n in range(3):
        client.post(SUPPLIERS, bodies.party())
        client.post(CLIENTS, bodies.party(taxId=f"T{n}"))
    seen: list[int] = []
    following = f"{path}{'&' if '?' in path else '?'}limit=1"
    while following:
        answer = client.get(following)
        assert len(answer.json) <= 1
        seen += [one["id"] for one in answer.json]
        following = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
    assert seen == [one["id"] for one in client.get(path).json]
    assert len(seen) >= 2


def test_a_template_is_made_changed_and_used(client: Caller, organization: Tenant) -> None:
    made = client.post(TEMPLATES, {"name": "Plain", "html": bodies.TEMPLATE})
    assert made.status_code == 201
    assert made.json.keys() == {"id", "name", "html", "isDefault", "createdAt", "updatedAt"}
    assert client.get(made.headers["Location"]).json == made.json
    own = bodies.party(defaultTemplateId=made.json["id"])
    assert client.put(f"{SUPPLIERS}/{organization.supplier_id}", own).json["defaultTemplateId"] == made.json["id"]
    changed = client.put(made.headers["Location"], {"name": "New", "html": bodies.TEMPLATE, "isDefault": True})
    assert (changed.json["name"], changed.json["isDefault"]) == ("New", True)
    assert [one["id"] for one in client.get(TEMPLATES).json if one["isDefault"]] == [made.json["id"]]


@pytest.mark.parametrize(
    "attack",
    [
        '<img src="file:///etc/passwd">',
        '<img src="http://169.254.169.254/">',
        "<script>1</script>",
        "<style>@import url(//x)</style>",
        "{{config}}",
        "{% for a in b %}",
        "{{ ''.__class__ }}",
        "<iframe src=x></iframe>",
    ],
)
def test_a_template_that_reaches_out_is_refused(attack: str, client: Caller) -> None:
    before = chain.value("SELECT count(*) FROM template_sources")
    made = client.get(TEMPLATES).json[0]["id"]
    for method, path in (("POST", TEMPLATES), ("PUT", f"{TEMPLATES}/{made}")):
        refused = client.send(method, path, {"name": "Bad", "html": bodies.TEMPLATE + attack, "isDefault": True})
        assert (refused.status_code, [*refused.json["errors"]]) == (400, ["html"])
    assert chain.value("SELECT count(*) FROM template_sources") == before

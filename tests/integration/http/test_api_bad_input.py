"""Bad input gets a problem that names each wrong field, and leaves nothing behind."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests import bodies
from tests.caller import Caller
from tests.integration.invoices.test_api_generate import written
from tests.tenant import Tenant

GENERATE, QUEUE = "/api/v1/invoices/generate", "/api/v1/invoice-requests"
PATHS = (GENERATE, "/invoices/generate", QUEUE)
ADDRESS = "client.addressLine1"


def item(**changes: Any) -> dict[str, Any]:
    return {"items": [bodies.ITEM | changes]}


def client_with(**changes: Any) -> dict[str, Any]:
    return {"client": bodies.CLIENT | changes}


BAD: list[tuple[dict[str, Any], set[str]]] = [
    ({"supplierId": None}, {"supplierId"}),
    ({"supplierId": "1"}, {"supplierId"}),
    ({"supplierId": True}, {"supplierId"}),
    ({"supplierId": 1.5}, {"supplierId"}),
    ({"supplierId": 0}, {"supplierId"}),
    ({"supplierId": -1}, {"supplierId"}),
    ({"supplierId": 2**63}, {"supplierId"}),
    ({"supplierId": 10**40}, {"supplierId"}),
    ({"items": None}, {"items"}),
    ({"items": []}, {"items"}),
    ({"items": {}}, {"items"}),
    ({"items": "x"}, {"items"}),
    ({"items": [None]}, {"items[0]"}),
    ({"items": ["x"]}, {"items[0]"}),
    ({"items": [bodies.ITEM] * 1001}, {"items"}),
    (item(quantity=0), {"items[0].quantity"}),
    (item(quantity=-1), {"items[0].quantity"}),
    (item(quantity=0.00005), {"items[0].quantity"}),
    (item(quantity=True), {"items[0].quantity"}),
    (item(quantity=None), {"items[0].quantity"}),
    (item(quantity=[]), {"items[0].quantity"}),
    (item(quantity="1,5"), {"items[0].quantity"}),
    (item(quantity="１"), {"items[0].quantity"}),
    (item(quantity="NaN"), {"items[0].quantity"}),
    (item(quantity=float("nan")), {"items[0].quantity"}),
    (item(quantity=float("inf")), {"items[0].quantity"}),
    (item(unitPrice=-0.01), {"items[0].unitPrice"}),
    (item(unitPrice=10**39), {"items[0].unitPrice"}),
    (item(unitPrice="9" * 40), {"items[0].unitPrice"}),
    (item(unitPrice="0." + "1" * 40), {"items[0].unitPrice"}),
    (item(discount=-1), {"items[0].discount"}),
    (item(taxRate=-0.1), {"items[0].taxRate"}),
    (item(taxRate=20), {"items[0].taxRate"}),
    (item(description=""), {"items[0].description"}),
    (item(description=" \t"), {"items[0].description"}),
    (item(description=7), {"items[0].description"}),
    (item(description="x" * 1001), {"items[0].description"}),
    (item(description="a\0b"), {"items[0].description"}),
    (item(description="\ud800"), {"items[0].description"}),
    (item(colour="red"), {"items[0].colour"}),
    ({"items": [bodies.ITEM, {}]}, {f"items[1].{name}" for name in ("description", "quantity", "unitPrice")}),
    ({"client": {"id": "7"}}, {"client.id"}),
    ({"client": {"id": 7, "name": "Ada"}}, {"client.name"}),
    ({"client": []}, {"client"}),
    ({"client": "Ada"}, {"client"}),
    ({"client": {"name": "Ada", "city": "x"}}, {ADDRESS, "client.country"}),
    (client_with(name="x" * 201), {"client.name"}),
    (client_with(email="nobody"), {"client.email"}),
    (client_with(taxId=7), {"client.taxId"}),
    (client_with(fax="1"), {"client.fax"}),
    ({"responseType": "xml"}, {"responseType"}),
    ({"responseType": None, "response_type": 1}, {"responseType"}),
    ({"issueDate": "2026-02-30"}, {"issueDate"}),
    ({"issueDate": "20260201"}, {"issueDate"}),
    ({"issueDate": "2026-W01-1"}, {"issueDate"}),
    ({"issueDate": "tomorrow"}, {"issueDate"}),
    ({"issueDate": 0}, {"issueDate"}),
    ({"issueDate": "2026-02-02", "dueDate": "2026-02-01"}, {"dueDate"}),
    ({"currencyCode": "eur"}, {"currencyCode"}),
    ({"currencyCode": "EURO"}, {"currencyCode"}),
    ({"currencyCode": 978}, {"currencyCode"}),
    ({"notes": "x" * 5001}, {"notes"}),
    ({"notes": {}}, {"notes"}),
    ({"unpaid": True}, {"unpaid"}),
    ({"supplierId": "x", "items": [], "currencyCode": "ZZZ", "client": {}, "x": 1},
     {"supplierId", "items", "currencyCode", "client.name", "client.city", ADDRESS, "client.country", "x"}),
]  # fmt: skip


@pytest.fixture
def nothing_is_written(organization: Tenant):
    before = written()
    yield
    assert written() == before


@pytest.mark.usefixtures("nothing_is_written")
def test_each_wrong_field_is_named_and_nothing_is_written(client: Caller, organization: Tenant) -> None:
    for changes, names in BAD:
        body = json.dumps(
            {k: v for k, v in (bodies.invoice(organization.supplier_id) | changes).items() if v is not None}
        )
        for path in PATHS:
            answer = client.post(path, body.encode())
            assert answer.status_code == 400, (path, changes, answer.json)
            assert answer.json["errors"].keys() == names, (path, changes)
            assert answer.json["error"] == answer.json["detail"]
            assert len(answer.json["error"]) > 5


NO_JSON: list[tuple[bytes, str, int]] = [
    (b"", "application/json", 400),
    (b"{", "application/json", 400),
    (b"{'a': 1}", "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b'"\xc3"', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b"[]", "application/json", 400),
    (b"null", "application/json", 400),
    (b"7", "application/json", 400),
    (b'{"items": ' + b"9" * 5000 + b"}", "application/json", 400),
    (b'{"items": 1e' + b"9" * 30 + b"}", "application/json", 400),
    (b"{}", "text/plain", 415),
    (b"{}", "", 415),
    (b"a=1", "application/x-www-form-urlencoded", 415),
    (b"<a/>", "application/xml", 415),
]


@pytest.mark.usefixtures("nothing_is_written")
def test_a_body_that_is_no_json_object_is_refused(client: Caller) -> None:
    for body, content_type, status in NO_JSON:
        for path in (*PATHS, f"{QUEUE}/bulk", "/api/v1/parties/clients", "/api/v1/templates"):
            answer = client.post(path, body, content_type=content_type)
            assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), (body[:20], path)


DEEP = [101, 200, *range(900, 1000, 5), 10_000]


@pytest.mark.usefixtures("nothing_is_written")
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
def test_a_body_nested_more_than_a_hundred_deep_is_refused(opening: str, closing: str, client: Caller) -> None:
    paths = (*PATHS, f"{QUEUE}/bulk", "/api/v1/jobs", "/api/v1/jobs/retry", "/api/v1/transfers", "/api/v1/templates")
    for depth in DEEP:
        body = f'{{"type": "invoice.generate", "payload": {opening * depth}1{closing * depth}}}'
        for path in paths:
            answer = client.post(path, body.encode(), headers={"Idempotency-Key": "k"})
            assert answer.status_code == 400, (path, depth)
            assert answer.json["detail"] == "the body must not be nested more than 100 deep"


def test_a_body_nested_a_hundred_deep_is_read(client: Caller) -> None:
    body = '{"a":' * 100 + "1" + "}" * 100
    answer = client.post("/api/v1/jobs", f'{{"type": "x", "payload": {body[5:-1]}}}'.encode())
    assert "unknown type" in answer.json["detail"]


@pytest.mark.usefixtures("nothing_is_written")
def test_1e400_and_its_like_are_refused_by_name(client: Caller, organization: Tenant) -> None:
    for amount in ("1e400", "NaN", "Infinity", "-Infinity", "9" * 40, "1e999999999999999999999"):
        body = json.dumps(bodies.invoice(organization.supplier_id) | item(unitPrice="AMOUNT"))
        answer = client.post(GENERATE, body.replace('"AMOUNT"', amount).encode())
        assert (answer.status_code, [*answer.json["errors"]]) == (400, ["items[0].unitPrice"]), amount


NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e400", "1e3000", "-1e3000000000")


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_what_is_no_number_is_refused_in_a_payload_and_in_every_example(number: str, client: Caller) -> None:
    for payload in ('{"documents": [{"type": "invoice", "id": AMOUNT}]}', '{"documents": AMOUNT}', '{"x": [[AMOUNT]]}'):
        body = f'{{"type": "accounting.recreate", "payload": {payload.replace("AMOUNT", number)}}}'
        answer = client.post("/api/v1/jobs", body.encode())
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), payload
    for method, path, example in examples(client):
        for body in with_each_number(example, number):
            answer = client.send(method, path, body.encode())
            assert answer.status_code < 500, (method, path, body)


def examples(client: Caller) -> Iterator[tuple[str, str, Any]]:
    """Yield method, path and body of each example of the spec."""
    for path, operations in client.get("/openapi.json").json["paths"].items():
        for method in operations.keys() & {"post", "put", "patch"}:
            operation = operations[method]
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                yield method.upper(), re.sub("{[^}]*}", "1", path), example["value"]


def with_each_number(example: Any, number: str) -> Iterator[str]:
    """Yield the JSON of the example with each of its numbers, also those in strings, replaced in turn."""
    text = json.dumps(example)
    for found in re.finditer(r'"?(?<=[ "])-?[0-9][0-9.]*"?(?=[,}\]])', text):
        yield text[: found.start()] + number + text[found.end() :]


@pytest.mark.usefixtures("nothing_is_written")
def test_ten_megabytes_are_too_many(client: Caller) -> None:
    for path in PATHS:
        answer = client.post(path, b" " * 10 * 1024 * 1024)
        assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")
        assert "2 MB" in answer.json["detail"]


@pytest.mark.usefixtures("nothing_is_written")
def test_a_body_of_unknown_length_is_bounded_too(client: Caller) -> None:
    answer = client.post(
        GENERATE,
        input_stream=io.BytesIO(b" " * 3 * 1024 * 1024),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


def test_queries_are_as_strict(client: Caller) -> None:
    for query, name in (
        ("status=paid", "status"), ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"),
        ("limit=1_0", "limit"), ("limit=%D9%A1", "limit"), ("cursor=%00", "cursor"), ("cursor=Z", "cursor"),
        ("staus=issued", "staus"),
    ):  # fmt: skip
        answer = client.get(f"/api/v1/invoices?{query}")
        assert (answer.status_code, [*answer.json["errors"]]) == (400, [name]), query
    assert client.get("/api/v1/invoices?status=paid").json["error"] == "invalid status: paid"
    assert client.get("/api/v1/invoices?limit=-1").json["error"] == "limit must be from 1 to 200"


def test_what_is_no_address_is_not_found(client: Caller) -> None:
    for path in (
        "/api", "/api/v1/nothing", "//api/v1/invoices", "/api/v1/invoices/", "/api/v1/invoices/%00",
        "/api/v1/invoices/..%2f", "/api/v1/invoices/INV-000001%0a", "/api/v1/invoice-requests/0",
        "/api/v1/invoice-requests/-1", "/api/v1/invoice-requests/x", f"/api/v1/invoice-requests/{2**63}",
        f"/api/v1/invoice-requests/{10**30}", "/api/v1/invoices/" + "9" * 41, "/docs/../app.py", "/static/x",
    ):  # fmt: skip
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path


def test_a_wrong_method_says_which_are_right(client: Caller) -> None:
    for method, path, allowed in (
        ("PUT", GENERATE, "POST"), ("DELETE", QUEUE, "POST"), ("POST", "/api/v1/invoices", "GET"),
        ("PATCH", "/api/v1/parties/clients/1", "DELETE"), ("POST", "/api/v1/health", "GET"),
    ):  # fmt: skip
        answer = client.send(method, path)
        assert (answer.status_code, answer.mimetype) == (405, "application/problem+json"), path
        assert allowed in answer.headers["Allow"]
        assert f"does not take {method}, only " in answer.json["detail"]
        assert allowed in answer.json["detail"].partition("only ")[2]


HOSTILE_JSON = (
    '{"requests": [%s, {"x": 1e3000000000}]}', '{"requests": [%s, {"x": NaN}]}', '{"requests": [%s, ["\\ud800"]]}',
    '{"requests": [%s, {"x": -1e-3000000000}]}',
)  # fmt: skip


@pytest.mark.parametrize("template", HOSTILE_JSON)
def test_a_hostile_element_of_a_bulk_is_refused_alone_and_the_answer_replayed(
    template: str, client: Caller, organization: Tenant
) -> None:
    body = template % json.dumps(bodies.invoice(organization.supplier_id))
    headers = {"Idempotency-Key": "k"}
    first, again = (client.send("POST", f"{QUEUE}/bulk", body.encode(), headers=headers) for _ in range(2))
    assert first.status_code == 201
    assert ["requestId" in one for one in first.json] == [True, False]
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")


@pytest.mark.parametrize("name", ["\\ud800", "\\u0000"])
def test_a_name_that_no_answer_could_repeat_is_refused(name: str, client: Caller) -> None:
    for path in (QUEUE, f"{QUEUE}/bulk"):
        body = f'{{"requests": [{{"{name}": 1}}], "{name}": 1}}'
        answer = client.send("POST", path, body.encode())
        assert answer.status_code == 400
        assert "a name must not contain" in answer.json["detail"]


INJECTIONS = (
    "'; DROP TABLE invoices; --", "' OR '1'='1", '" OR ""="', "1; SELECT pg_sleep(9)", "\\'; --", "%' OR 1=1 --",
    "$1", "%s", "%(name)s", ":name", "{0}", "'||(SELECT key_hash FROM api_keys)||'",
)  # fmt: skip


def test_sql_in_a_value_is_a_value(client: Caller, organization: Tenant) -> None:
    for text in INJECTIONS:
        body = bodies.invoice(
            organization.supplier_id, client=bodies.CLIENT | {"name": text, "taxId": text}, notes=text
        )
        number = client.post(GENERATE, body, headers={"Idempotency-Key": f"k{text}"}).json["invoiceNumber"]
        shown = client.get(f"/api/v1/invoices/{number}").json
        assert (shown["notes"], shown["client"]["name"]) == (text, text)
        found = client.get("/api/v1/parties/clients/search", query_string={"q": text}).json
        assert text in [one["name"] for one in found]
        assert client.get("/api/v1/parties/client", query_string={"taxId": text}).json["name"] == text
    assert client.get("/api/v1/parties/clients/search?q=%25%25").json == []
    assert client.get("/api/v1/invoices/' OR '1'='1").status_code == 404


@pytest.mark.parametrize(
    "path", ["/api/v1/accounting/trial-balance", "/api/v1/parties/suppliers/1", "/api/v1/me", "/api/v1/templates/1"]
)
def test_a_query_is_refused_where_none_is_taken(path: str, client: Caller) -> None:
    refused = client.get(path, query_string={"currencyCode": "EUR", "x": "1"})
    assert (refused.status_code, [*refused.json["errors"]]) == (400, ["currencyCode", "x"])
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"deliveryDate": "0001-01-01"}, "deliveryDate", "must not be before 1900-01-01"),
        ({"items": [bodies.ITEM | {"quantity": "-1"}]}, "items[0].quantity", "must not be below"),
    ],
)
def test_what_is_out_of_range_says_which_range(
    change: dict[str, Any], field: str, told: str, client: Caller, organization: Tenant
) -> None:
    refused = client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id, **change))
    assert (refused.status_code, [*refused.json["errors"]]) == (400, [field])
    assert told in refused.json["detail"]

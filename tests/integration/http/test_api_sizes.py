"""Size before work: a list that is too long is refused by its length, and a body full of errors by its first ones."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from marshmallow import Schema, fields

from api.http.fields import Many, Whole
from api.http.pagination import MAX_PAGE_BYTES
from api.http.schema import Body
from db.transaction import report
from domain.errors import MAX_ERRORS
from domain.invoices.audit import audit
from domain.jobs.registry import Kind, kinds, register
from domain.pdf.rendering import RenderingFailed
from domain.templates.sample import SAMPLE
from domain.templates.template import render_html
from tests import bodies
from tests.caller import Caller
from tests.tenant import Tenant

GENERATE, BULK = "/api/v1/invoices/generate", "/api/v1/invoice-requests/bulk"
FLOOD = 160_000
# Each a body of values that no schema has a place for.
HEAPS = [b'{"x":[' + b"[]," * 500_000 + b"[]]}", b'{"x":[' + b"{}," * 300_000 + b"{}]}", b"[" + b"1," * 600_000 + b"1]"]
SMALL_ANSWER = 20_000
# The path, the name of the list, and a body around it.
LISTS = [
    (GENERATE, "items", {}),
    ("/invoices/generate", "items", {}),
    ("/api/v1/invoice-requests", "items", {}),
    (BULK, "requests", {}),
    ("/api/v1/transfers", "lines", {}),
    ("/api/v1/sales", "lines", {}),
    ("/api/v1/purchases", "lines", {}),
    ("/api/v1/accounting/recreations", "documents", {}),
    ("/api/v1/accounting/sync", "types", {}),
]


def bodies_of() -> Iterator[type[Body]]:
    """Yield every request schema that there is."""
    waiting = [Body]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found.__module__.startswith("api."):
            yield found


def lists_of(field: fields.Field) -> Iterator[fields.Field]:
    if isinstance(field, fields.List):
        yield field
        yield from lists_of(field.inner)
    if isinstance(field, fields.Nested):
        if field.many:
            yield field
        yield from (inner for one in field.schema.load_fields.values() for inner in lists_of(one))


def test_every_list_of_every_request_has_a_limit() -> None:
    lists = [
        (schema.__name__, found)
        for schema in bodies_of()
        for field in schema().load_fields.values()
        for found in lists_of(field)
    ]
    assert {name for name, _ in lists} >= {"InvoiceBody", "BulkBody", "SaleBody", "RecreationBody"}
    assert [name for name, found in lists if not isinstance(found, Many)] == []


@pytest.mark.parametrize(
    "field", [fields.List(Whole()), Many(fields.List(Whole()), 1, 2), fields.Nested(Schema, many=True)]
)
def test_a_list_without_a_limit_cannot_be_declared(field: fields.Field) -> None:
    unbounded = type("Unbounded", (Body,), {"many": field})
    with pytest.raises(TypeError, match="many must be a Many"):
        unbounded()


@pytest.mark.parametrize("field", [fields.UUID(), fields.Dict(), Many(fields.String(), 1, 2)])
def test_a_field_that_refuses_in_words_of_others_cannot_be_declared(field: fields.Field) -> None:
    foreign = type("Foreign", (Body,), {"one": field})
    with pytest.raises(TypeError, match="refuse in our words"):
        foreign()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"properties": {"a": {"type": "array", "items": {}}}},
        {"properties": {"a": {"type": "array", "maxItems": 1, "items": {"items": {}}}}},
        {"anyOf": [{"items": {}}]},
    ],
)
def test_a_payload_with_a_list_of_any_length_cannot_be_registered(schema: dict) -> None:
    with pytest.raises(ValueError, match="maxItems"):
        register(Kind("unbounded", print, schema=schema))
    assert "unbounded" not in {kind.name for kind in kinds()}


@pytest.mark.parametrize(("path", "name", "rest"), LISTS)
def test_a_list_that_is_too_long_is_refused_before_its_elements_are_looked_at(
    path: str, name: str, rest: dict, client: Caller
) -> None:
    answer = client.post(path, json.dumps(rest | {name: [{}] * FLOOD}).encode())
    assert answer.status_code == 400
    assert [field for field in answer.json["errors"] if field.startswith(name)] == [name]
    assert "must hold 1 to" in answer.json["errors"][name][0]
    assert len(answer.data) < SMALL_ANSWER


def test_so_is_one_in_the_payload_of_a_job(client: Caller) -> None:
    body = {"type": "accounting.recreate", "payload": {"documents": [{}] * FLOOD}}
    answer = client.post("/api/v1/jobs", json.dumps(body).encode())
    assert (answer.status_code, [*answer.json["errors"]]) == (400, ["payload.documents"])
    assert len(answer.data) < SMALL_ANSWER


def test_a_hundred_errors_are_named_and_the_rest_counted(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id, items=[{}] * 1000)
    answer = client.post(GENERATE, body)
    assert answer.status_code == 400
    errors = answer.json["errors"]
    assert len(errors) == MAX_ERRORS
    assert errors["items"] == ["has 966 more elements, which were not looked at"]
    assert answer.json["moreErrors"] == 3
    assert "more" in answer.json["detail"].rpartition("; and ")[2]
    unknown = client.post(GENERATE, bodies.invoice(organization.supplier_id) | {f"x{n}": n for n in range(5000)})
    assert (len(unknown.json["errors"]), unknown.json["moreErrors"]) == (MAX_ERRORS, 5000 - MAX_ERRORS)


def test_all_verdicts_of_a_bulk_together_name_a_hundred_errors(client: Caller, organization: Tenant) -> None:
    wrong = bodies.invoice(organization.supplier_id, items=[{}] * 1000)
    answer = client.post(BULK, {"requests": [wrong] * 100 + [bodies.invoice(organization.supplier_id)]})
    assert answer.status_code == 201
    assert sum(len(verdict.get("errors", ())) for verdict in answer.json) == MAX_ERRORS
    assert all(verdict["error"] for verdict in answer.json[:-1])
    assert "requestId" in answer.json[-1]


def test_a_page_of_large_invoices_ends_early_and_the_next_goes_on(client: Caller, organization: Tenant) -> None:
    """Ten invoices of half a megabyte each: no page is larger than four, and none is left out or shown twice."""
    items = [bodies.ITEM | {"description": "ж" * 200}] * 1000
    for _ in range(10):
        assert client.post(GENERATE, bodies.invoice(organization.supplier_id, items=items)).status_code == 200
    path, seen = "/api/v1/invoices", []
    while path:
        answer = client.get(path)
        assert len(answer.data) <= MAX_PAGE_BYTES
        assert answer.json, "a page without a row leads nowhere"
        seen += [invoice["invoiceNumber"] for invoice in answer.json]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert seen == [f"INV-{number:06d}" for number in range(10, 0, -1)]


def test_an_audit_holds_the_lines_of_few_invoices_at_a_time(client: Caller, organization: Tenant) -> None:
    items = [bodies.ITEM | {"description": "x" * 100}] * 1000
    for _ in range(8):
        assert client.post(GENERATE, bodies.invoice(organization.supplier_id, items=items)).status_code == 200
    tracemalloc.start()
    try:
        with report() as session:
            findings = audit(session, organization.id, organization.supplier_id)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (findings["count"], findings["brokenLinks"]) == (8, [])
    assert peak < 8 * 1024 * 1024, f"{peak:,} bytes for 8,000 lines"


PLAIN = bodies.TEMPLATE


@pytest.mark.parametrize(
    ("html", "told"),
    [
        (PLAIN.replace("{{itemsRows}}", "{{itemsRows}}{{ itemsRows }}"), "{{itemsRows}} stands there 2 times"),
        (PLAIN.replace("{{total}}", "{{notesSection}}" * 21 + "{{total}}"), "{{notesSection}} stands there 21 times"),
    ],
)
def test_a_template_repeats_nothing_that_may_be_large(html: str, told: str, client: Caller) -> None:
    answer = client.post("/api/v1/templates", {"name": "Large", "html": html})
    assert (answer.status_code, [*answer.json["errors"]]) == (400, ["html"])
    assert told in answer.json["detail"]


def test_sizes_are_summed_before_anything_is_replaced() -> None:
    """A template that was stored before there was a limit: 2,000 times the rows of the sample are 40 MB."""
    tracemalloc.start()
    try:
        with pytest.raises(RenderingFailed, match="would have"):
            render_html("{{itemsRows}}" * 2000, SAMPLE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize("heap", HEAPS, ids=["lists", "objects", "numbers"])
@pytest.mark.parametrize("path", [GENERATE, BULK, "/api/v1/jobs"])
def test_a_heap_of_values_is_refused_before_it_is_parsed(
    path: str, heap: bytes, client: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    refused = client.send("POST", path, heap)
    assert (refused.status_code, "500,000 values" in refused.get_data(as_text=True)) == (400, True)

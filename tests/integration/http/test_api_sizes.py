"""Size before work: a list that is too long is refused by its length, and a body full of errors by its first ones."""

import json
from collections.abc import Iterator

import pytest
from marshmallow import Schema, fields

from api.http.fields import Many, Whole
from api.http.schema import Body
from domain.errors import MAX_ERRORS
from domain.jobs.registry import Kind, kinds, register
from tests import bodies
from tests.caller import Caller
from tests.tenant import Tenant

GENERATE, BULK = "/api/v1/invoices/generate", "/api/v1/invoice-requests/bulk"
FLOOD = 160_000
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

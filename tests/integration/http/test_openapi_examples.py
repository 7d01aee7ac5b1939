"""A stranger can read the spec and try it: all is described, and every example is accepted as it stands."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from db.transaction import transaction
from domain import master_keys
from domain.identity import keys, organizations
from domain.jobs import inline
from domain.jobs.registry import kinds
from tests import bodies
from tests.caller import application
from tests.conftest import configure
from tests.integration.bills import papers

JSON = "application/json"
# By operationId, each after what its example refers to.
IN_ORDER = (
    "createClient", "replaceClient", "createSupplier", "replaceSupplier", "createTemplate", "replaceTemplate",
    "issueInvoice", "issueInvoiceForInterface", "verifyNumbering", "requestInvoice", "requestInvoices", "submitJob",
    "retryJobs", "cancelJobs", "retryFailures",
    "recreateEntries", "synchronizeJournal", "createLocation", "createProduct", "createPurchase",
    "approvePurchase", "createSale", "createTransfer", "sendTransfer", "completeTransfer", "sendTransferAsync",
    "completeTransferAsync", "recordPayment", "requestCredit", "requestCredits", "sendMail", "sendInvoice",
    "putBillRight", "approveBill", "rejectBill", "createMailbox", "replaceMailbox", "creditInvoice", "createSchedule",
    "replaceSchedule", "createAutomation", "replaceAutomation", "tryAutomation", "pauseQueue", "resumeQueue",
    "setShare", "createKey",
    "inviteUser", "makeUserLink", "changeUser",
    # Last: what happens from then on would be sent.
    "createWebhook", "replaceWebhook", "rotateSecret", "redeliverEvents",
)  # fmt: skip


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return application().test_client().get("/openapi.json").json


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
    for path, item in spec["paths"].items():
        for method in item.keys() - {"parameters"}:
            yield method.upper(), path, item[method], [*item.get("parameters", ()), *item[method].get("parameters", ())]


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_description(spec):
    names = [operation.get("operationId", "") for _, _, operation, _ in operations(spec)]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch("[a-z]+([A-Z][a-z]+)*", name)] == []
    for method, path, operation, _ in operations(spec):
        for part in ("summary", "description"):
            assert operation.get(part, "").endswith((".", "`.")), f"{method} {path} has no {part} in sentences"


def test_what_a_reader_of_the_spec_sees_first_is_plain(spec):
    """Summaries are shown as they stand; of two boxes for keys, sorted by name, the first is taken for the caller's."""
    summaries = [one["summary"] for path in spec["paths"].values() for one in path.values() if "summary" in one]
    assert (len(summaries) > 100, [one for one in summaries if "`" in one]) == (True, [])
    assert min(spec["components"]["securitySchemes"]) == "apiKey"


def test_every_tag_and_parameter_is_described(spec):
    described = {tag["name"] for tag in spec["tags"] if tag.get("description")}
    for method, path, operation, parameters in operations(spec):
        assert set(operation["tags"]) <= described, (method, path)
        bare = [parameter["name"] for parameter in parameters if not parameter.get("description")]
        assert bare == [], f"{method} {path}: {bare} have no description"


def test_every_schema_has_examples_that_fit_it(spec):
    registry = Registry().with_resource("urn:spec", DRAFT202012.create_resource(spec))
    for name, schema in spec["components"]["schemas"].items():
        if name.startswith("Payload."):
            continue
        assert schema.get("examples"), f"{name} has no example"
        validator = Draft202012Validator({"$ref": f"urn:spec#/components/schemas/{name}"}, registry=registry)
        for example in schema["examples"]:
            assert [error.message for error in validator.iter_errors(example)] == [], (name, example)


def test_every_example_of_a_request_is_accepted_by_a_fresh_stack(spec, client, organization, storage_folder):
    """Its key, supplier 1, and nothing else; a worker runs meanwhile."""
    mailing = {
        "mail_from": "billing@example.com",
        "smtp_url": "smtp://127.0.0.1:1",
        "public_url": "https://books.example",
    }
    configure(master_keys=master_keys.new_key(), **mailing)
    with transaction() as session:
        organizations.share(session, organization.id, 1)
        operator = keys.create(session, organization.id, "on call", role="operator").secret
    sent = {operation["operationId"]: (method, path, operation) for method, path, operation, _ in operations(spec)
            if JSON in operation.get("requestBody", {}).get("content", ())}  # fmt: skip
    assert set(IN_ORDER) == set(sent)
    for name in IN_ORDER:
        if name == "putBillRight":
            papers.received(client)
        if name == "sendTransferAsync":
            client.post("/api/v1/transfers", bodies.transfer({"product": 1, "location": 1, "warehouse": 2}))
        method, path, operation = sent[name]
        of_a_transfer = 2 if "async" in path else 1
        path = re.sub("{[a-z_]+}", str(of_a_transfer), path.replace("{number}", "INV-000001"))
        for title, example in operation["requestBody"]["content"][JSON]["examples"].items():
            if name in ("approveBill", "rejectBill"):
                client.post("/api/v1/bills/1/reopen")
            headers = {"Authorization": f"Bearer {operator}"}
            answer = client.send(method, path, example["value"], headers=headers)
            assert 200 <= answer.status_code < 300, (name, title, answer.json)
        inline.work_off(5)


def test_every_kind_that_can_be_submitted_is_listed_with_its_schema(spec, client, organization):
    listed = {kind["type"]: kind["payloadSchema"] for kind in client.get("/api/v1/jobs/kinds").json}
    expected = {kind.name: dict(kind.schema) for kind in kinds() if kind.schema is not None}
    assert listed == expected
    assert "transfer.send" in listed
    assert {name: spec["components"]["schemas"][f"Payload.{name}"] for name in expected} == expected
    offered = spec["components"]["schemas"]["JobBody"]["properties"]["payload"]["anyOf"]
    assert {one["$ref"].rpartition("Payload.")[2] for one in offered} == set(expected)

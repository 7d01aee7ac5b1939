"""Invoice requests: accepted, looked after, answered for."""

import math

import pytest

from db import jobs as job_rows
from db.jobs import NewJob
from db.transaction import transaction
from domain.jobs.admission import admission
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant

QUEUE = "/api/v1/invoice-requests"
STATE = {"requestId", "status", "invoiceId", "invoiceNumber", "errorMessage", "createdAt", "completedAt"}


def work() -> None:
    """Run every job that waits, as a worker would."""
    run_jobs(find("invoice.generate"), [job_id for (job_id,) in chain.rows("SELECT job_id FROM outbox ORDER BY 1")])


def test_a_request_becomes_an_invoice(client: Caller, organization: Tenant) -> None:
    queued = client.post(QUEUE, bodies.invoice(organization.supplier_id, notes="Queued"))
    request_id = queued.json["requestId"]
    assert (queued.status_code, queued.headers["Location"]) == (201, f"{QUEUE}/{request_id}")
    assert queued.json == {
        "requestId": request_id,
        "status": "PENDING",
        "message": "invoice generation request queued",
    }
    pending = client.get(f"{QUEUE}/{request_id}").json
    assert pending.keys() == STATE
    assert (pending["status"], pending["invoiceId"], pending["completedAt"]) == ("PENDING", None, None)
    work()
    done = client.get(f"{QUEUE}/{request_id}").json
    assert (done["status"], done["invoiceNumber"], done["errorMessage"]) == ("COMPLETED", "INV-000001", None)
    assert done["completedAt"] >= done["createdAt"]
    invoice = client.get(f"{QUEUE}/{request_id}/invoice")
    assert invoice.json == client.get("/api/v1/invoices/INV-000001").json
    assert (invoice.json["id"], invoice.json["notes"]) == (done["invoiceId"], "Queued")


def test_a_request_and_its_job_are_one_commit(client: Caller, organization: Tenant) -> None:
    client.post(QUEUE, bodies.invoice(organization.supplier_id), headers={"Idempotency-Key": "a"})
    written = "SELECT (SELECT xmin FROM jobs), (SELECT xmin FROM outbox), (SELECT xmin FROM idempotency_keys)"
    assert len(set(chain.rows(written)[0])) == 1


def test_there_is_no_invoice_before_its_time(client: Caller, organization: Tenant) -> None:
    request_id = client.post(QUEUE, bodies.invoice(organization.supplier_id)).json["requestId"]
    early = client.get(f"{QUEUE}/{request_id}/invoice")
    assert (early.status_code, early.mimetype) == (409, "application/problem+json")
    assert (early.json["status"], early.json["error"]) == ("PENDING", "the request is PENDING")
    with transaction() as session:
        job_rows.cancel(session, organization.id, request_id)
    assert client.get(f"{QUEUE}/{request_id}").json["status"] == "CANCELLED"
    assert client.get(f"{QUEUE}/{request_id}/invoice").json["status"] == "CANCELLED"


def test_a_client_that_is_not_there_fails_the_request(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id, client={"id": 10**15})
    request_id = client.post(QUEUE, body).json["requestId"]
    work()
    failed = client.get(f"{QUEUE}/{request_id}").json
    assert (failed["status"], failed["errorMessage"]) == ("FAILED", "client not found")
    assert client.get(f"{QUEUE}/{request_id}/invoice").status_code == 409
    assert chain.value("SELECT last_number FROM number_series") == 0


def test_only_invoice_requests_are_requests(client: Caller, organization: Tenant) -> None:
    with transaction() as session:
        [job_id] = job_rows.enqueue(session, "other", "default", 1, 1, [NewJob(organization.id, {})])
    assert client.get(f"{QUEUE}/{job_id}").status_code == 404


def test_bulk_answers_each_request_in_its_place(client: Caller, organization: Tenant) -> None:
    good = bodies.invoice(organization.supplier_id)
    requests = [
        good,
        bodies.invoice(organization.supplier_id, items=[]),
        bodies.invoice(10**15),
        good | {"responseType": "pdf"},
        "nonsense",
    ]
    answer = client.post(f"{QUEUE}/bulk", {"requests": requests})
    assert answer.status_code == 201
    first, empty, unknown, last, nonsense = answer.json
    assert (first["status"], first["requestId"] < last["requestId"]) == ("PENDING", True)
    assert "items" in empty["errors"]
    assert unknown["error"] == "supplier not found"
    assert nonsense["error"] == "body must be a JSON object"
    assert chain.value("SELECT count(*) FROM jobs") == 2
    assert chain.value("SELECT count(DISTINCT xmin::text) FROM jobs") == 1
    work()
    assert client.get(f"{QUEUE}/{last['requestId']}").json["invoiceNumber"] == "INV-000002"


def test_a_thousand_are_taken_and_one_more_are_not(client: Caller, organization: Tenant) -> None:
    one = bodies.invoice(organization.supplier_id)
    assert client.post(f"{QUEUE}/bulk", {"requests": [one] * 1001}).status_code == 400
    assert chain.value("SELECT count(*) FROM jobs") == 0
    answer = client.post(f"{QUEUE}/bulk", {"requests": [one] * 1000})
    assert (answer.status_code, len(answer.json)) == (201, 1000)
    assert chain.value("SELECT count(*) FROM outbox") == 1000


@pytest.mark.parametrize("body", [{}, {"requests": []}, {"requests": {}}, {"requests": None}, {"requests": [1, 2]}])
def test_bulk_without_one_that_can_be_taken_is_refused(body: dict, client: Caller) -> None:
    answer = client.post(f"{QUEUE}/bulk", body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert chain.value("SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize(("headers", "most"), [({}, 3), ({"Idempotency-Key": "a"}, 7)])
def test_accepting_takes_few_statements(
    headers: dict,
    most: int,
    client: Caller,
    organization: Tenant,
    statements: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Key, supplier, job with its entry; an Idempotency-Key adds its lock, look-up and answer, and whose they are."""
    monkeypatch.setattr(admission, "_until", math.inf)  # what waits is counted once a second
    client.post(QUEUE, bodies.invoice(organization.supplier_id))  # a quota's use is read once a minute
    statements.clear()
    client.post(QUEUE, bodies.invoice(organization.supplier_id), headers=headers)
    assert len(statements) == most, statements

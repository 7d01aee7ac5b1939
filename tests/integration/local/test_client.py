"""The client comes again under its key, and only under one."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.serving import make_server

from db.transaction import transaction
from domain import idempotency
from local.client import Client
from tests import bodies
from tests.caller import application
from tests.tenant import Tenant
from tests.waiting import wait_until

GENERATE = "/api/v1/invoices/generate"


@pytest.fixture
def answered() -> list[str]:
    """The status of each answer, as it is sent."""
    return []


@pytest.fixture
def client(organization: Tenant, answered: list[str]) -> Iterator[Client]:
    def observed(environ, start_response):
        def start(status, *rest):
            answered.append(status[:3])
            return start_response(status, *rest)

        return application()(environ, start)

    server = make_server("127.0.0.1", 0, observed, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Client(f"http://127.0.0.1:{server.server_port}", organization.key)
    server.shutdown()
    server.server_close()


def test_a_request_whose_key_still_runs_is_sent_again(
    client: Client, organization: Tenant, answered: list[str]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            assert idempotency.lock(session, organization.id, "k")
            answer = pool.submit(client.post, GENERATE, bodies.invoice(organization.supplier_id), "k")
            wait_until(lambda: answered == ["409"])
        assert answer.result()[1]["invoiceNumber"] == "INV-000001"
    assert answered == ["409", "200"]


def test_a_refusal_is_not_sent_again(client: Client, organization: Tenant, answered: list[str]) -> None:
    first = bodies.party(taxId="1")
    assert client.post("/api/v1/parties/clients", first, "one")[0] == 201
    assert client.post("/api/v1/parties/clients", first, "another")[0] == 409
    assert client.post("/api/v1/parties/clients", first)[0] == 409
    assert answered == ["201", "409", "409"]

"""Headers, documents, health, and what happens when something breaks."""

import json
import logging
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db import engine as db_engine
from domain.parties import clients
from tests import bodies, chain
from tests.caller import Caller, application
from tests.conftest import configure
from tests.tenant import Tenant
from tests.waiting import wait_until

GENERATE = "/api/v1/invoices/generate"


def test_health_is_open_and_knows_the_database(database: str) -> None:
    nobody = application().test_client()
    answer = nobody.get("/api/v1/health")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")
    configure(database_url="postgresql://nobody@127.0.0.1:1/nothing")
    answer = nobody.get("/api/v1/health")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


def test_every_answer_is_guarded(client: Caller) -> None:
    for path in ("/api/v1/invoices", "/api/v1/nothing", "/api/v1/health", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_reader_asks_nobody_else_for_anything() -> None:
    nobody = application().test_client()
    page = nobody.get("/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "unsafe" not in page.headers["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    assert "http" not in page.text
    for path in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "favicon-32x32.png"):
        assert f"/docs/{path}" in page.text
        assert nobody.get(f"/docs/{path}").status_code == 200
    assert nobody.get("/docs/..%2f__init__.py").status_code == 404


def test_a_database_that_is_away_is_a_503_and_nothing_else(client: Caller, organization: Tenant) -> None:
    url = db_engine.url()
    configure(database_url="postgresql://nobody@127.0.0.1:1/nothing")
    for path in (GENERATE, "/api/v1/invoice-requests"):
        answer = client.post(path, bodies.invoice(organization.supplier_id))
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) > 0
    configure(database_url=url)
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id)).status_code == 200


def test_a_restart_of_the_database_costs_no_request(client: Caller, organization: Tenant) -> None:
    client.get("/api/v1/invoices")
    chain.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'counterfoil'")
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id)).status_code == 200


def test_a_request_cut_off_for_idling_in_its_transaction_is_a_503_and_with_a_key_is_done_again(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As happens to an api that was frozen or starved in the middle of one."""
    create = clients.create

    def idle(session: Session, *arguments: Any) -> Any:
        monkeypatch.setattr(clients, "create", create)
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20ms'"))
        backend = session.connection().connection.driver_connection.info.backend_pid
        wait_until(lambda: chain.value(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}") == 0)
        return create(session, *arguments)

    for headers, expected in (({}, 503), ({"Idempotency-Key": "frozen"}, 201)):
        monkeypatch.setattr(clients, "create", idle)
        answer = client.post("/api/v1/parties/clients", bodies.party(), headers=headers)
        assert answer.status_code == expected
    assert chain.value("SELECT count(*) FROM clients WHERE name = %s", bodies.party()["name"]) == 1


def test_a_counter_held_by_another_is_waited_for_and_then_503(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    configure(lock_timeout=1)
    with psycopg.connect(db_engine.url()) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM number_series FOR UPDATE")
        answer = client.post(GENERATE, bodies.invoice(organization.supplier_id))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert client.get("/api/v1/invoices").json == []
        queued = client.post("/api/v1/invoice-requests", bodies.invoice(organization.supplier_id))
        assert queued.status_code == 201
    other.close()
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id)).json["invoiceNumber"] == "INV-000001"


def test_a_bug_is_a_500_with_an_id_and_no_word_of_its_cause(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("the cause")

    monkeypatch.setattr(clients, "create", fail)
    answer = client.post("/api/v1/parties/clients", bodies.party())
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "cause" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json["requestId"] in caplog.text
    assert "the cause" in caplog.text


def test_a_key_never_reaches_the_logs(
    client: Caller, organization: Tenant, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    """A bug, a broken table, a bad body and a missing page: none of them says the key."""
    caplog.set_level(logging.DEBUG)
    chain.ask("ALTER TABLE clients RENAME TO gone")
    answers = [
        client.post("/api/v1/parties/clients", bodies.party(name=organization.key)),
        client.post(GENERATE, bodies.invoice(organization.supplier_id), headers={"Idempotency-Key": organization.key}),
        client.post(GENERATE, json.dumps({organization.key: 1}).encode()),
        client.get(f"/api/v1/{organization.key}"),
        Caller(organization.key + "x").get("/api/v1/invoices"),
    ]
    assert [answer.status_code for answer in answers] == [500, 500, 400, 404, 401]
    assert organization.key not in caplog.text
    assert organization.key not in "".join(capfd.readouterr())


def test_the_database_out_of_connections_is_a_503(client: Caller, organization: Tenant) -> None:
    configure(connect_timeout=1)
    pool = db_engine.engine().pool
    held = [pool.connect() for _ in range(pool.size() + pool._max_overflow)]
    answer = client.post(GENERATE, bodies.invoice(organization.supplier_id))
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
    for connection in held:
        connection.close()
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id)).status_code == 200

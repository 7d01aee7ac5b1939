"""Every route, called with another organization's key: it sees nothing and changes nothing."""

from typing import Any

import pytest

from db import acting
from domain import master_keys
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.bills import papers
from tests.integration.http.cases import AUTOMATION, CASES, GUARDED, KEY, MAIL, MAILBOX, OWN, SCHEDULE, USER, WEBHOOK
from tests.storages import Place
from tests.tenant import Tenant

TABLES = (
    "invoices", "invoice_payments", "jobs", "clients", "suppliers", "templates", "number_series",
    "products", "locations", "stock", "movements", "transfers", "sales", "purchases", "document_numbers",
    "accounts", "accounting_sources", "journal_entries", "journal_lines", "webhooks", "deliveries", "pending_events",
    "files", "file_writes", "bills", "bill_suppliers", "mails", "mailboxes", "mailbox_mails", "schedules",
    "automations", "automation_runs", "api_keys", "audit_log", "users",
)  # fmt: skip


@pytest.fixture
def places(storage_folder: Place, organization: Tenant, client: Caller) -> dict[str, int]:
    """What the first organization owns: an invoice with its entry, a request, a client."""
    body = bodies.invoice(organization.supplier_id, dueDate="2099-01-01")
    request = client.post("/api/v1/invoice-requests", body).json["requestId"]
    client.post("/invoices/generate?unpaid=true", body)
    chain.keep_books()
    return {
        "invoice": client.get("/api/v1/invoices").json[0]["id"],
        "supplier": organization.supplier_id,
        "client": client.get("/api/v1/parties/clients").json[0]["id"],
        "template": client.get("/api/v1/templates").json[0]["id"],
        "request": request,
        **bodies.inventory(client),
        **webhook(client),
        **mail(client),
        "bill": papers.received(client)["id"],
        "automation": client.post("/api/v1/automations", AUTOMATION).json["id"],
        "schedule": client.post("/api/v1/schedules", SCHEDULE).json["id"],
        "mailbox": client.post("/api/v1/mailboxes", MAILBOX).json["id"],
        "key": client.post("/api/v1/keys", KEY).json["id"],
        "user": client.post("/api/v1/users", USER | {"email": "ada@example.com"}).json["id"],
    }


def webhook(client: Caller) -> dict[str, int]:
    """Return the ids of a webhook and of a delivery to it, which waits."""
    if not master_keys.known():
        configure(master_keys=master_keys.new_key())
    made = client.post("/api/v1/webhooks", WEBHOOK).json["id"]
    client.post(f"/api/v1/webhooks/{made}/ping")
    chain.run_waiting("events.sequence")
    [delivery] = client.get(f"/api/v1/webhooks/{made}/deliveries").json
    return {"webhook": made, "delivery": delivery["id"]}


def mail(client: Caller) -> dict[str, int]:
    """Return the id of a mail, which waits."""
    configure(mail_from="billing@example.com")
    return {"mail": client.post("/api/v1/mails", MAIL).json["id"]}


def owned(organization: Tenant) -> list[Any]:
    """Return every row of an organization, as text."""
    mine = "organization_id = {0}"
    series = "supplier_id IN (SELECT id FROM suppliers WHERE organization_id = {0})"
    return [
        chain.rows(
            f"SELECT t::text FROM {table} AS t WHERE "
            + (series if table == "number_series" else mine).format(organization.id)
            + " ORDER BY 1"
        )
        for table in TABLES
    ]


def _ids(organization: Tenant, name: str) -> set[int]:
    path = name.rpartition("/")[2]
    table = {"keys": "api_keys", "audit-log": "audit_log"}.get(path, path)
    return {row_id for (row_id,) in chain.rows(f"SELECT id FROM {table} WHERE organization_id = {organization.id}")}


def test_no_route_is_forgotten() -> None:
    assert sorted(GUARDED) == sorted(CASES), "a new route needs a case here before it may exist"


@pytest.mark.parametrize("wall", ["with the wall in the database", "by the filters alone"])
def test_a_stranger_sees_and_changes_nothing(
    wall: str,
    organization: Tenant,
    places: dict[str, int],
    stranger: Caller,
    other_organization: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = owned(organization)
    if wall == "by the filters alone":
        monkeypatch.setattr(acting, "organization_id", lambda: None)
    for name, case in CASES.items():
        body = case.body(places) if case.body else None
        answer = stranger.send(name.split()[0], case.path.format(**places), body)
        assert answer.status_code == case.status, (name, answer.json)
        if case.answer is OWN:
            assert {one["id"] for one in answer.json} <= _ids(other_organization, name), name
        else:
            assert case.answer is None or answer.json == case.answer, name
        assert b"GB-1" not in answer.data or name.startswith("POST /api/v1/parties/clients"), name
    assert owned(organization) == before


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer x", "Basic {key}", "{key}", "Bearer {key}x"]
)
def test_without_a_valid_key_no_route_answers(authorization: str, organization: Tenant, places: dict[str, int]) -> None:
    header = {"Authorization": authorization.format(key=organization.key)}
    for name, case in CASES.items():
        answer = Caller("").send(name.split()[0], case.path.format(**places), headers=header)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json"), name
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_key_is_refused_at_once(organization: Tenant, client: Caller) -> None:
    assert client.get("/api/v1/invoices").status_code == 200
    chain.ask("UPDATE api_keys SET revoked_at = clock_timestamp()")
    assert client.get("/api/v1/invoices").status_code == 401

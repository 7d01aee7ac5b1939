"""Who did what to what, from where: in the commit of the change, and in no other."""

from inspect import isfunction, unwrap
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError

from api.http.blueprint import ANYONE, OPEN, PERMISSIONS
from db.transaction import transaction
from tests import bodies
from tests.caller import Caller, application
from tests.conftest import execute
from tests.integration.identity.test_roles import caller
from tests.tenant import Tenant

PATH = "/api/v1/audit-log"
LOCATION = {"name": "Shop"}


def lines(client: Caller, query: str = "") -> list[tuple[Any, ...]]:
    """Return what the log says, oldest first."""
    return [(line["actor"], line["action"], line["target"]) for line in client.get(PATH + query).json[::-1]]


def test_a_line_says_who_did_what_to_what_and_from_where(client: Caller) -> None:
    made = client.post("/api/v1/locations", LOCATION).json["id"]
    [line] = client.get(PATH).json
    assert line == {
        "id": 1, "actor": "key:1", "actorName": "first", "action": "createLocation",
        "target": f"/api/v1/locations/{made}", "address": "127.0.0.1", "createdAt": line["createdAt"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
    ],
)
def test_any_address_can_be_written_down(remote: str, told: str | None, client: Caller) -> None:
    client.post("/api/v1/locations", LOCATION, environ_base={"REMOTE_ADDR": remote})
    assert [line["address"] for line in client.get(PATH).json] == [told]


def test_what_is_refused_has_no_line(client: Caller, organization: Tenant) -> None:
    client.post("/api/v1/locations", {})
    client.post("/api/v1/locations", LOCATION)
    assert client.post("/api/v1/locations", LOCATION).status_code == 409
    client.delete("/api/v1/keys/999999")
    client.post("/invoices/generate", bodies.invoice(999_999))
    assert [line[1] for line in lines(client)] == ["createLocation"]


def test_a_repeated_request_has_one_line(client: Caller) -> None:
    for _ in range(3):
        client.post("/api/v1/locations", LOCATION, headers={"Idempotency-Key": "k"})
    assert len(lines(client)) == 1


def test_reading_and_dry_runs_have_none(client: Caller) -> None:
    client.get("/api/v1/invoices")
    client.post("/api/v1/jobs/retry", {"all": True, "dryRun": True})
    client.post("/api/v1/jobs/retry", {"all": True, "dry_run": True})
    assert lines(client) == []
    client.post("/api/v1/jobs/retry", {"all": True})
    assert [line[1] for line in lines(client)] == ["retryJobs"]


def test_an_invoice_is_named_by_its_number(client: Caller, organization: Tenant) -> None:
    client.post("/invoices/generate", bodies.invoice(organization.supplier_id))
    client.post("/api/v1/invoices/INV-000001/credit", {"reason": "Broken"})
    assert [line[1:] for line in lines(client)] == [
        ("issueInvoiceForInterface", "/api/v1/invoices/INV-000001"),
        ("creditInvoice", "/api/v1/invoices/INV-000001/credit"),
    ]


def test_requests_in_great_numbers_name_their_caller_themselves(client: Caller, organization: Tenant) -> None:
    client.post("/api/v1/invoice-requests", bodies.invoice(organization.supplier_id))
    assert lines(client) == []
    assert client.get("/api/v1/jobs").json[0]["createdBy"] == "key:1"


def test_it_is_filtered_and_paged(client: Caller, organization: Tenant) -> None:
    another = caller(organization, role="clerk")
    client.post("/api/v1/locations", LOCATION)
    another.post("/api/v1/products", bodies.PRODUCT)
    assert [line[1] for line in lines(client, "?actor=key:1")] == ["createLocation"]
    assert [line[1] for line in lines(client, "?action=createProduct")] == ["createProduct"]
    first = client.get(f"{PATH}?limit=1")
    assert [line["action"] for line in first.json] == ["createProduct"]
    following = first.headers["Link"].partition(">")[0][1:]
    assert [line["action"] for line in client.get(following).json] == ["createLocation"]


def test_no_part_can_change_or_delete_a_line(client: Caller, database: str) -> None:
    client.post("/api/v1/locations", LOCATION)
    for statement in ("UPDATE audit_log SET actor = 'key:2'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction() as session:
            session.connection().exec_driver_sql(statement)
    assert len(lines(client)) == 1


def test_a_change_whose_line_cannot_be_written_is_not_made(client: Caller, database: str) -> None:
    execute(database, "ALTER TABLE audit_log ADD CHECK (action <> 'createLocation')")
    assert client.post("/api/v1/locations", LOCATION).status_code == 500
    assert client.get("/api/v1/locations").json == []


# Tries what would happen, and changes nothing.
TRIALS = {"automations.try_automation", "mailboxes.test_mailbox"}


def test_every_operation_that_changes_something_is_logged_by_the_same_hand() -> None:
    """`change`, or `once`, which the requests that run a job at once go through as well."""
    silent = set()
    for endpoint, view in application().view_functions.items():
        permission = PERMISSIONS.get(endpoint, OPEN)
        reads = permission in (OPEN, ANYONE) or permission.endswith(":read")
        if not reads and not {"change", "once", "outcome_of"} & _called(unwrap(view)):
            silent.add(endpoint)
    assert silent == TRIALS


def _called(function: Any) -> set[str]:
    """Return the names that a function uses, and the functions of its module that it calls."""
    names = set(function.__code__.co_names)
    known = [function.__globals__.get(name) for name in names]
    return names.union(*(_called(one) for one in known if isfunction(one) and one.__module__ == function.__module__))

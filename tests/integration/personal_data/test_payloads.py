"""What a request says of persons is encrypted while it waits, opened for its handler alone, then forgotten."""

from dataclasses import replace

import pytest

from db.transaction import transaction
from domain import encryption, master_keys
from domain.invoices import intake
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.jobs.sealing import opened, sealed
from domain.jobs.submission import enqueue
from domain.master_keys import Undecryptable
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.personal_data.conftest import CLIENT, MARK, tables_with
from tests.tenant import Tenant

REQUESTS = "/api/v1/invoice-requests"
PAYLOAD = "SELECT payload FROM jobs WHERE kind = 'invoice.generate'"


def request(client: Caller, organization: Tenant) -> int:
    body = bodies.invoice(organization.supplier_id, client=CLIENT, notes=f"for {MARK}")
    return client.post(REQUESTS, body).json["requestId"]


def issued() -> None:
    while chain.relay() + chain.work():
        pass


@pytest.mark.parametrize("with_key", [True, False])
def test_a_request_is_encrypted_while_it_waits_and_forgotten_once_it_is_done(
    client: Caller, organization: Tenant, lanes: None, settings_return: None, with_key: bool
) -> None:
    configure(master_keys=master_keys.new_key() if with_key else "")
    for _ in range(2):
        request(client, organization)
    payload = chain.value(PAYLOAD)
    assert (payload.keys() >= {"client", "notes"}) != with_key
    assert tables_with() == ([] if with_key else ["jobs"])
    issued()
    assert chain.value("SELECT count(*) FROM invoices WHERE client ->> 'email' = %s", CLIENT["email"]) == 2
    assert "jobs" not in tables_with()
    assert chain.value(PAYLOAD).keys() & {"client", "notes", "personal"} == set()
    assert chain.value(PAYLOAD)["supplier_id"] == organization.supplier_id


def test_a_request_that_failed_keeps_what_it_says_and_is_tried_again(
    master_key: str, client: Caller, organization: Tenant, lanes: None
) -> None:
    client.post("/api/v1/parties/clients", CLIENT | {"name": "Another"})
    job_id = request(client, organization)
    issued()
    assert client.get(f"{REQUESTS}/{job_id}").json["status"] == "FAILED"
    assert MARK not in str(chain.value(PAYLOAD))
    chain.ask("UPDATE clients SET name = %s", CLIENT["name"])
    assert client.post(f"/api/v1/jobs/{job_id}/retry").status_code < 300
    issued()
    assert client.get(f"{REQUESTS}/{job_id}").json["status"] == "COMPLETED"


def test_no_statement_more_is_asked_of_a_request_or_a_claim(
    master_key: str, client: Caller, organization: Tenant, lanes: None, statements: list[str]
) -> None:
    request(client, organization)
    issued()
    before = len(statements)
    for _ in range(2):
        request(client, organization)
    issued()
    asked = [one for one in statements[before:] if "data_keys" in one and "JOIN suppliers" not in one]
    assert [one for one in asked if "JOIN clients" not in one] == [], "a key is asked for by itself"


@pytest.mark.parametrize("kind_name", ["invoice.generate", "invoice.credit"])
def test_a_worker_of_the_former_release_leaves_what_is_sealed_to_those_of_this_one(
    master_key: str, organization: Tenant, lanes: None, kind_name: str
) -> None:
    with transaction() as session:
        [job_id] = enqueue(session, organization.id, kind_name, [("1", {"notes": MARK})])
    run_jobs(replace(find(kind_name), version=1), [job_id])
    assert chain.rows("SELECT status, attempts FROM jobs WHERE id = %s", job_id) == [("PENDING", 0)]


def test_a_request_of_the_former_release_becomes_an_invoice(client: Caller, organization: Tenant, lanes: None) -> None:
    job_id = request(client, organization)
    chain.ask("UPDATE jobs SET payload_version = 1 WHERE id = %s", job_id)
    issued()
    assert client.get(f"{REQUESTS}/{job_id}").json["status"] == "COMPLETED"


def test_a_key_that_was_rolled_back_seals_nothing(
    master_key: str, client: Caller, organization: Tenant, lanes: None
) -> None:
    with chain.rolled_back() as session:
        intake.accept(session, [organization.request("Grace")])
    assert chain.value("SELECT count(*) FROM data_keys") == 0
    job_id = request(client, organization)
    issued()
    assert client.get(f"{REQUESTS}/{job_id}").json["status"] == "COMPLETED"


def test_what_one_organization_sealed_opens_in_no_other(
    master_key: str, organization: Tenant, other_organization: Tenant
) -> None:
    kind = find("invoice.generate")
    with transaction() as session:
        own = encryption.organization_key(session, organization.id)
        payload = sealed(kind, organization.id, {"client": CLIENT, "supplier_id": 1}, own)
        assert opened(session, organization.id, payload) == {"client": CLIENT, "supplier_id": 1}
        with pytest.raises(Undecryptable):
            opened(session, other_organization.id, payload)


def test_a_part_that_lacks_the_key_leaves_the_request_to_others(
    master_key: str, client: Caller, organization: Tenant, lanes: None
) -> None:
    job_id = request(client, organization)
    configure(master_keys=master_keys.new_key())
    encryption._unwrapped._kept.clear()
    issued()
    assert chain.rows("SELECT status, attempts FROM jobs WHERE id = %s", job_id) == [("PENDING", 0)]


def test_no_page_shows_it(master_key: str, client: Caller, organization: Tenant) -> None:
    from domain.jobs.redaction import HIDDEN, redacted

    request(client, organization)
    assert redacted("invoice.generate", chain.value(PAYLOAD))["personal"] == HIDDEN

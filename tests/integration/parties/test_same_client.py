"""On every way to an invoice, details mean one company, or the request is refused with the client to send instead."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import bodies, chain
from tests.caller import Caller
from tests.integration.parties.test_recipients import SPELLINGS
from tests.tenant import Tenant

GENERATE, REQUESTS, CLIENTS = "/api/v1/invoices/generate", "/api/v1/invoice-requests", "/api/v1/parties/clients"
ADA = bodies.party(name="Ada", taxId="T-1", vatId="V-1")
OTHERS = [(ADA | {"name": "Bell"}, "client.name"), (ADA | {"taxId": "T-2"}, "client.taxId")]


@pytest.mark.parametrize(("other", "field"), OTHERS, ids=["name", "tax id"])
@pytest.mark.parametrize("path", [GENERATE, "/invoices/generate", "as PDF"])
def test_a_contradiction_is_a_conflict_that_names_both_and_takes_no_number(
    client: Caller, organization: Tenant, path: str, other: dict, field: str
) -> None:
    known = client.post(CLIENTS, ADA).json["id"]
    as_pdf = {"responseType": "pdf"} if path == "as PDF" else {}
    body = bodies.invoice(organization.supplier_id, client=other, **as_pdf)
    answer = client.post(GENERATE if as_pdf else path, body)
    assert (answer.status_code, answer.json["clientId"], list(answer.json["errors"])) == (409, known, [field])
    assert f'"{other["name"]}"' in answer.json["error"]
    assert f'client {known} is "Ada"' in answer.json["error"]
    assert chain.value("SELECT sum(last_number) FROM number_series") == 0
    assert client.post(GENERATE, body | {"client": {"id": answer.json["clientId"]}}).status_code == 200


@pytest.mark.parametrize("bulk", [False, True], ids=["single", "bulk"])
def test_a_queued_contradiction_fails_with_that_message_beside_one_that_is_issued(
    client: Caller, organization: Tenant, bulk: bool
) -> None:
    wanted = [bodies.invoice(organization.supplier_id, client=one) for one in (ADA, OTHERS[0][0], OTHERS[1][0])]
    if bulk:
        ids = [one["requestId"] for one in client.post(f"{REQUESTS}/bulk", {"requests": wanted}).json]
    else:
        ids = [client.post(REQUESTS, one).json["requestId"] for one in wanted]
    run_jobs(find("invoice.generate"), ids)
    states = [client.get(f"{REQUESTS}/{one}").json for one in ids]
    assert [one["status"] for one in states] == ["COMPLETED", "FAILED", "FAILED"]
    known = chain.value("SELECT id FROM clients")
    assert all(f'client {known} is "Ada"' in one["errorMessage"] for one in states[1:])


def test_spellings_created_at_the_same_time_are_one_client(client: Caller, organization: Tenant) -> None:
    with ThreadPoolExecutor(4) as callers:
        asked = [bodies.invoice(organization.supplier_id, client=ADA | {"vatId": one}) for one in SPELLINGS]
        assert {one.status_code for one in callers.map(lambda body: client.post(GENERATE, body), asked)} == {200}
    assert chain.value("SELECT count(*) FROM clients") == 1


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("field", ["taxId", "vatId"])
def test_any_spelling_finds_the_client_and_makes_no_other(
    client: Caller, organization: Tenant, field: str, spelling: str
) -> None:
    made = client.post(CLIENTS, bodies.party(**{field: SPELLINGS[0]})).json
    for found in (
        client.get("/api/v1/parties/client", query_string={field: spelling}).json,
        client.get(f"{CLIENTS}/search", query_string={"q": spelling}).json[0],
    ):
        assert found["id"] == made["id"]
    other = client.post(CLIENTS, bodies.party(name="Other")).json["id"]
    for answer in (
        client.post(CLIENTS, bodies.party(**{field: spelling})),
        client.put(f"{CLIENTS}/{other}", bodies.party(name="Other", **{field: spelling})),
    ):
        assert (answer.status_code, answer.json["errors"]) == (409, {field: ["is taken"]})


def test_clients_may_share_a_vat_id_if_each_has_a_tax_id(client: Caller, organization: Tenant) -> None:
    assert client.post(CLIENTS, ADA).status_code == 201
    assert client.post(CLIENTS, ADA | {"taxId": "T-2", "name": "Bell"}).status_code == 201
    assert client.post(CLIENTS, bodies.party(vatId="V 1")).status_code == 409
    found = client.get("/api/v1/parties/client", query_string={"taxId": "t2", "vatId": "v1"})
    assert found.json["name"] == "Bell"
    assert client.get("/api/v1/parties/client", query_string={"taxId": "t3", "vatId": "v1"}).status_code == 404

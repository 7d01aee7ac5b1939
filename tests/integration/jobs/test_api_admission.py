"""Who submits more than can wait is told when to come again; nobody else suffers, and nothing is half done."""

from collections.abc import Callable

import pytest

from domain.jobs.admission import Admission
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.tenant import Tenant
from tests.waiting import wait_until

REQUESTS = "/api/v1/invoice-requests"
LIMIT = 5


@pytest.fixture
def limit(monkeypatch) -> Callable[[str], None]:
    """Set one of the limits to LIMIT; what was counted before is forgotten."""
    counted = Admission()
    for module in (
        "domain.jobs.submission",
        "domain.invoices.intake",
        "domain.accounting.sources",
        "api.invoices.requests",
    ):
        monkeypatch.setattr(f"{module}.admission", counted)

    def set_limit(name: str) -> None:
        configure(**{name: LIMIT})

    return set_limit


@pytest.fixture
def flood(client: Caller, organization: Tenant) -> None:
    """LIMIT jobs of the organization wait."""
    requests = [bodies.invoice(organization.supplier_id)] * LIMIT
    assert client.post(f"{REQUESTS}/bulk", {"requests": requests}).status_code == 201


def refusals(caller: Caller, tenant: Tenant) -> set[int]:
    """Return what submissions of all sorts are answered once the count is known."""
    invoice = bodies.invoice(tenant.supplier_id)
    wait_until(lambda: caller.post(REQUESTS, invoice).status_code != 201, message="the flood was never noticed")
    answers = [
        caller.post(REQUESTS, invoice),
        caller.post(f"{REQUESTS}/bulk", {"requests": [invoice]}),
        caller.post("/api/v1/accounting/sync"),
        caller.post("/api/v1/jobs", {"type": "transfer.send", "payload": {"transferId": 1}}),
    ]
    for answer in answers:
        assert answer.mimetype == "application/problem+json"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert f"{LIMIT} jobs" in answer.json["detail"]
    return {answer.status_code for answer in answers}


def test_an_organization_that_floods_is_answered_429_and_no_other(
    client, organization, stranger, other_organization, flood, limit
):
    limit("max_backlog_per_organization")
    assert refusals(client, organization) == {429}
    waiting = chain.value("SELECT count(*) FROM outbox")
    assert stranger.post(REQUESTS, bodies.invoice(other_organization.supplier_id)).status_code == 201
    assert client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id)).status_code == 200
    assert chain.value("SELECT count(*) FROM outbox WHERE kind = 'invoice.generate'") == waiting + 1


def test_when_too_much_waits_in_all_everybody_is_answered_503(
    client, organization, stranger, other_organization, flood, limit
):
    limit("max_backlog")
    assert refusals(client, organization) == {503}
    assert refusals(stranger, other_organization) == {503}


def test_an_answer_that_was_kept_is_given_again_whatever_waits(client, organization, limit):
    key = {"Idempotency-Key": "once"}
    invoice = bodies.invoice(organization.supplier_id)
    first = client.post(REQUESTS, invoice, headers=key)
    client.post(f"{REQUESTS}/bulk", {"requests": [invoice] * LIMIT})
    limit("max_backlog")
    assert refusals(client, organization) == {503}
    assert client.post(REQUESTS, invoice, headers=key).json == first.json


def test_once_enough_is_done_submissions_are_accepted_again(client, organization, flood, limit, lanes):
    limit("max_backlog_per_organization")
    assert refusals(client, organization) == {429}
    chain.recover()
    wait_until(lambda: client.post(REQUESTS, bodies.invoice(organization.supplier_id)).status_code == 201)

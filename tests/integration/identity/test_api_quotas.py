"""Quotas: what one has used and may use is shown, and beyond it a refusal says which quota it was and what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from api.http.rates import EXTENSION
from db.transaction import transaction
from domain.identity import keys
from domain.identity.quotas import OverQuota, Quotas
from domain.identity.rates import Rates
from tests import bodies, chain
from tests.caller import Caller, application
from tests.conftest import configure
from tests.tenant import Tenant, new_supplier

ME, TEMPLATES = "/api/v1/me", "/api/v1/templates"
GENERATE, REQUESTS = "/api/v1/invoices/generate", "/api/v1/invoice-requests"
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@pytest.fixture(autouse=True)
def nothing_is_known_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(application().extensions, EXTENSION, Rates())
    fresh = Quotas()
    for module in ("domain.invoices.intake", "domain.invoices.generation"):
        monkeypatch.setattr(f"{module}.quotas", fresh)


@pytest.fixture
def operator(organization: Tenant) -> Caller:
    with transaction() as session:
        return Caller(keys.create(session, organization.id, "on call", role="operator").secret)


@pytest.fixture
def allow(operator: Caller, organization: Tenant) -> Callable[..., None]:
    """Set quotas of the organization's own."""

    def set_quotas(**quotas: int) -> None:
        path = f"/api/v1/admin/organizations/{organization.id}"
        assert operator.put(path, {"weight": 1} | quotas).status_code == 200

    return set_quotas


def used(caller: Caller) -> dict[str, int | None]:
    return {one["name"]: one["used"] for one in caller.get(ME).json["quotas"]}


def assert_over(answer: Any, name: str, status: int = 429) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (answer.json["type"], answer.json["violated-policies"]) == (QUOTA_EXCEEDED, [name])
    assert ("Retry-After" in answer.headers) == (status == 429)


def test_a_caller_sees_whose_key_it_has_and_its_quotas(client, operator, organization):
    shown = client.get(ME).json
    assert (shown["organizationId"], shown["organizationName"]) == (organization.id, "Acme")
    assert (shown["operator"], operator.get(ME).json["operator"]) == (False, True)
    limits = {one["name"]: (one["limit"], one["windowSeconds"]) for one in shown["quotas"]}
    assert limits == {
        "organization": (20_000, 10), "key": (20_000, 10), "concurrent-requests": (4, None),
        "invoices-per-day": (10_000_000, 86_400), "templates": (500, None), "stored-bytes": (1_000_000 * 2**20, None),
    }  # fmt: skip


def test_the_rates_are_told_in_headers_and_kept(client, operator, stranger, organization, allow):
    allow(maxRequestsPerSecond=1)
    configure(request_burst=3)
    first = client.get(ME)
    assert first.headers["RateLimit-Policy"] == '"organization";q=3;w=3, "key";q=3;w=3'
    assert first.headers["RateLimit"] == '"organization";r=2;t=1, "key";r=2;t=1'
    answers = [client.get(ME) for _ in range(30)]
    assert_over(answers[-1], "organization")
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].headers["RateLimit"].startswith('"organization";r=0;t=')
    assert "1 requests a second" in answers[-1].json["detail"]
    assert stranger.get(ME).status_code == 200, "another organization pays for it"
    assert operator.get(ME).status_code == 200, "the one on call is shut out"
    assert "RateLimit" not in operator.get(ME).headers


def test_invoices_a_day_are_counted_whichever_way_they_come(client, organization, allow):
    other = new_supplier(organization)
    allow(maxInvoicesPerDay=4)
    invoice = bodies.invoice(organization.supplier_id)
    assert client.post(GENERATE, invoice).status_code == 200
    assert client.post(GENERATE, bodies.invoice(other.supplier_id)).status_code == 200
    assert client.post(REQUESTS, invoice).status_code == 201
    assert used(client)["invoices-per-day"] == 3
    over = client.post(f"{REQUESTS}/bulk", {"requests": [invoice] * 2})
    assert_over(over, "invoices-per-day")
    assert 1 <= int(over.headers["Retry-After"]) <= 86_400
    assert client.post(REQUESTS, invoice).status_code == 201
    for path in (GENERATE, REQUESTS):
        assert_over(client.post(path, invoice), "invoices-per-day")
    assert chain.value("SELECT count(*) FROM outbox WHERE kind = 'invoice.generate'") == 2
    assert chain.value("SELECT count(*) FROM invoices") == 2


def test_what_is_refused_uses_nothing_of_the_day(client, organization, allow):
    allow(maxInvoicesPerDay=2)
    invoice = bodies.invoice(organization.supplier_id)
    assert client.post(f"{REQUESTS}/bulk", {"requests": [invoice, *[bodies.invoice(2**40)] * 2]}).status_code == 201
    assert [client.post(REQUESTS, invoice).status_code for _ in range(2)] == [201, 429]


def test_the_next_day_begins_at_nothing(client, organization, allow):
    allow(maxInvoicesPerDay=1)
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id)).status_code == 200
    chain.ask("UPDATE number_series SET day = day - 1")
    assert used(client)["invoices-per-day"] == 0
    with transaction() as session:
        Quotas().admit_invoices(session, organization.id, 1)


def test_a_series_that_begins_late_counts_from_there(client, organization):
    client.put(f"/api/v1/parties/suppliers/{organization.supplier_id}", bodies.party(invoiceStartNumber=700))
    for expected in (1, 2):
        client.post(GENERATE, bodies.invoice(organization.supplier_id))
        assert used(client)["invoices-per-day"] == expected


def test_templates_are_counted_and_one_can_still_be_replaced(client, allow):
    there = used(client)["templates"]
    allow(maxTemplates=there + 1)
    template = {"name": "Mine", "html": bodies.TEMPLATE}
    created = client.post(TEMPLATES, template)
    assert created.status_code == 201
    assert_over(client.post(TEMPLATES, template), "templates", 403)
    assert client.put(f"{TEMPLATES}/{created.json['id']}", template).status_code == 200


def test_the_bytes_of_invoices_and_templates_are_counted(client, organization, allow):
    before = used(client)["stored-bytes"]
    items = [bodies.ITEM | {"description": "x" * 200}] * 1000
    for _ in range(3):
        assert client.post(GENERATE, bodies.invoice(organization.supplier_id, items=items)).status_code == 200
    assert used(client)["stored-bytes"] - before == pytest.approx(1_087_000, rel=0.02)
    allow(maxStoredMb=1)
    nothing_known = Quotas()
    with transaction() as session, pytest.raises(OverQuota, match="stores the 1 MB that it may"):
        nothing_known.admit_invoices(session, organization.id, 1)
    assert_over(client.post(TEMPLATES, {"name": "Mine", "html": bodies.TEMPLATE}), "stored-bytes", 403)


def test_a_quota_of_its_own_is_shown_and_taken_back(operator, organization):
    path = f"/api/v1/admin/organizations/{organization.id}"
    names = ("maxRequestsPerSecond", "maxStoredMb", "maxTemplates", "maxInvoicesPerDay")
    changed = operator.put(path, {"weight": 1} | dict.fromkeys(names, 7)).json
    assert [changed[name] for name in names] == [7] * 4
    assert [operator.put(path, {"weight": 1}).json[name] for name in names] == [None] * 4

"""Accounting over HTTP: recreate now or in the background, synchronize, and read the journal."""

from typing import Any

import pytest

from api.jobs.direct_path import EXTENSION, DirectPath
from domain.accounting.sources import KIND, Source
from domain.jobs.priorities import HIGH
from tests import chain, trade
from tests.caller import Caller, application
from tests.checker import check
from tests.warehouse import stocked

ACCOUNTING = "/api/v1/accounting"
RECREATIONS, ENTRIES = f"{ACCOUNTING}/recreations", f"{ACCOUNTING}/entries"
CHART = [
    "1000", "1100", "1300", "1310", "1400", "2000", "2200", "4000", "5000", "6000", "6100", "6200", "6300", "6400",
    "6500", "6600",
]  # fmt: skip


@pytest.fixture
def invoices(organization) -> list[Source]:
    """Twelve invoices that the journal has."""
    made = trade.invoices(organization, 12)
    chain.keep_books()
    return made


def ask(client: Caller, *sources: Source, **options: Any) -> Any:
    return client.post(RECREATIONS, {"documents": [one._asdict() for one in sources]}, **options)


def test_a_few_sources_are_recreated_while_the_caller_waits(database, client, invoices):
    answer = ask(client, *invoices[:2])
    assert answer.status_code == 200, answer.json
    jobs = chain.rows("SELECT id FROM jobs WHERE priority = %s ORDER BY id", HIGH)
    assert answer.json == [
        {"type": "invoice", "id": source.id, "version": 2, "jobId": job_id, "status": "completed", "entries": 1}
        for source, (job_id,) in zip(invoices, jobs, strict=False)
    ]
    assert [entry["version"] for entry in listed(client, invoices[0])] == [2]
    assert [entry["version"] for entry in listed(client, invoices[0], "&deleted=true")] == [2, 1]
    check(database)


def listed(client: Caller, source: Source, more: str = "") -> list[dict[str, Any]]:
    return client.get(f"{ENTRIES}?documentType={source.type}&documentId={source.id}{more}").json


def test_without_room_a_few_sources_are_durable_and_the_queue_recreates_them(database, client, invoices, monkeypatch):
    full = DirectPath(1)
    monkeypatch.setitem(application().extensions, EXTENSION, full)
    with full.slot(KIND):
        answer = ask(client, *invoices[:2], headers={"Idempotency-Key": "k"})
    assert (answer.status_code, {one["status"] for one in answer.json}) == (202, {"pending"})
    assert listed(client, invoices[0]) == [], "the old entry went in the same commit"
    chain.keep_books()
    again = ask(client, *invoices[:2], headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.headers["Idempotent-Replayed"], again.json) == (202, "true", answer.json)
    check(database)


def test_more_than_ten_go_to_the_queue_before_other_accounting(database, client, organization, invoices):
    trade.change(organization, invoices[0])
    answer = ask(client, *invoices[:11])
    assert (answer.status_code, answer.json["documents"]) == (202, 11)
    assert chain.rows("SELECT job_id, priority FROM outbox ORDER BY priority DESC, job_id")[0] == (
        answer.json["jobIds"][0],
        HIGH,
    )
    chain.keep_books()
    assert client.get(f"/api/v1/jobs/{answer.json['jobIds'][0]}").json["result"] == {
        "documents": 11,
        "entries": 11,
        "superseded": 0,
    }
    check(database)


def test_a_source_named_twice_is_recreated_once(client, invoices):
    answer = ask(client, *[invoices[0]] * 11)
    assert (answer.status_code, len(answer.json)) == (200, 1)


def test_an_unknown_source_is_named_and_nothing_is_done(client, invoices):
    unknown = [Source("invoice", 10**17), Source("transfer", 3)]
    answer = ask(client, invoices[0], *unknown)
    assert (answer.status_code, answer.json["error"]) == (404, f"not found: invoice {10**17}, transfer 3")
    assert answer.json["documents"] == [one._asdict() for one in unknown]
    assert chain.value("SELECT max(version) FROM accounting_sources") == 1
    payload = {"documents": [one._asdict() for one in unknown]}
    assert client.post("/api/v1/jobs", {"type": KIND, "payload": payload}).status_code == 404


@pytest.mark.parametrize(
    ("documents", "field"),
    [
        ([], "documents"),
        ([{"type": "invoice", "id": 1}] * 1001, "documents"),
        ([{"type": "order", "id": 1}], "documents[0].type"),
        ([{"type": "sale", "id": 0}], "documents[0].id"),
        ([{"type": "sale", "id": 10**18}], "documents[0].id"),
        ([{"type": "sale"}], "documents[0].id"),
        ([{"type": "sale", "id": 1, "version": 1}], "documents[0].version"),
    ],
)
def test_a_body_that_means_nothing_names_its_field(client, documents, field):
    answer = client.post(RECREATIONS, {"documents": documents})
    assert (answer.status_code, [*answer.json["errors"]]) == (400, [field])


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "payload.documents"),
        ({"documents": []}, "payload.documents"),
        ({"documents": [{"type": "sale", "id": 1}] * 201}, "payload.documents"),
        ({"documents": [{"type": "order", "id": 1}]}, "payload.documents[0].type"),
        ({"documents": [{"type": "sale", "id": 2**63}]}, "payload.documents[0].id"),
    ],
)
def test_a_submitted_payload_that_means_nothing_names_its_field(client, payload, field):
    answer = client.post("/api/v1/jobs", {"type": KIND, "payload": payload})
    assert (answer.status_code, [*answer.json["errors"]]) == (400, [field])


def test_a_job_submitted_as_any_other_recreates_sources(database, client, invoices):
    payload = {"documents": [one._asdict() for one in invoices]}
    answer = client.post("/api/jobs", {"type": "accounting_recreate", "payload": payload})
    assert answer.status_code == 202, answer.json
    chain.keep_books()
    assert client.get(f"/api/v1/jobs/{answer.json['jobId']}").json["result"]["entries"] == 12
    check(database)


def test_a_synchronization_is_owed_once_under_a_key_and_then_nothing_remains(database, client, organization, invoices):
    trade.change(organization, *invoices[:5])
    bodies = [client.post(f"{ACCOUNTING}/sync", {}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [(one.status_code, one.json) for one in bodies] == [
        (202, {"documents": 5, "jobs": 1, "remaining": False, "cursor": None})
    ] * 2
    chain.keep_books()
    assert client.post(f"{ACCOUNTING}/sync", {"types": ["invoice", "sale"]}).json["documents"] == 0
    check(database)


@pytest.mark.parametrize("body", [{"types": []}, {"types": ["order"]}, {"types": "sale"}, {"limit": 5}])
def test_a_synchronization_of_what_there_is_not_is_refused(client, body):
    assert client.post(f"{ACCOUNTING}/sync", body).status_code == 400


def test_a_new_organization_has_the_default_accounts(client):
    accounts = client.get(f"{ACCOUNTING}/accounts").json
    assert [account["code"] for account in accounts] == CHART
    assert accounts[0] == {"code": "1000", "name": "Cash", "type": "asset"}


def test_entries_are_paged_newest_first_with_their_lines(client, invoices):
    first = client.get(f"{ENTRIES}?limit=10")
    second = client.get(first.headers["Link"].split(">")[0][1:])
    ids = [entry["id"] for entry in first.json + second.json]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), "Link" in second.headers) == (12, False)
    [entry] = listed(client, invoices[3])
    assert entry["lines"][0] == {"lineNumber": 1, "accountCode": "1100", "locationId": None, "debit": 25.2, "credit": 0}
    assert (entry["currencyCode"], entry["deletedAt"]) == ("EUR", None)
    assert len(client.get(f"{ENTRIES}?documentId={invoices[3].id}").json) == 1
    assert client.get(f"{ENTRIES}?documentType=sale").json == []


@pytest.mark.parametrize("query", ["documentType=order", "documentId=x", "deleted=perhaps", "colour=red"])
def test_a_filter_that_means_nothing_is_refused(client, query):
    assert client.get(f"{ENTRIES}?{query}").status_code == 400


def test_the_trial_balance_sums_each_account_and_currency_to_zero(client, organization, invoices):
    chain.ask("UPDATE organizations SET currency_code = 'CHF' WHERE id = %s", organization.id)
    trade.change(organization, trade.purchase(organization, trade.place(organization)))
    chain.keep_books()
    balance = client.get(f"{ACCOUNTING}/trial-balance").json
    assert [(one["code"], one["currencyCode"], one["balance"]) for one in balance["accounts"]] == [
        ("1100", "EUR", 302.4),
        ("1300", "CHF", 30),
        ("2000", "CHF", -30),
        ("2200", "EUR", -50.4),
        ("4000", "EUR", -252),
    ]
    assert balance["totals"] == [
        {"currencyCode": "CHF", "debit": 30, "credit": 30, "balance": 0},
        {"currencyCode": "EUR", "debit": 302.4, "credit": 302.4, "balance": 0},
    ]


def test_goods_are_in_the_books_from_the_purchase_to_the_sale(client, organization):
    """What is bought, sent, arrives and is sold changes the accounts by its cost and its price."""
    warehouse = stocked(organization, 10, cost="3.33")
    chain.keep_books()
    bought = balances(client)["1300"]
    assert balances(client) == {"1300": bought, "2000": -bought}
    transfer_id = warehouse.transfer(4)
    assert client.post(f"/api/v1/transfers/{transfer_id}/send", {}).status_code == 200
    chain.keep_books()
    moving = balances(client)
    assert moving["1310"] == pytest.approx(bought * 0.4)
    assert client.post(f"/api/v1/transfers/{transfer_id}/complete", {}).status_code == 200
    chain.keep_books()
    assert balances(client)["1300"] == pytest.approx(bought)
    assert balances(client).get("1310", 0) == 0
    assert client.post("/api/v1/sales", warehouse.sale_body(2)).status_code == 201
    chain.keep_books()
    sold = balances(client)
    assert sold["5000"] == pytest.approx(bought * 0.2)
    assert (sold["1000"], sold["4000"], sold["2200"]) == (48, -40, -8)


def balances(client) -> dict[str, float]:
    accounts = client.get("/api/v1/accounting/trial-balance").json["accounts"]
    return {one["code"]: float(one["balance"]) for one in accounts if float(one["balance"])}

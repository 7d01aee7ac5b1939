"""The inventory over HTTP: what each document does at once, and what it does as a job."""

from contextlib import ExitStack
from decimal import Decimal

import psycopg
import pytest

import settings
from api.jobs.direct_path import EXTENSION, DirectPath
from counterfoil.crashkit.fuse import points
from tests import chain
from tests.caller import application
from tests.checker import check
from tests.conftest import configure
from tests.scenarios.inventory import run
from tests.scenarios.invoices import WAITING
from tests.waiting import wait_until
from tests.warehouse import moved, stocked

NUMBER = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', '-YYYYMM-')"


@pytest.mark.parametrize(
    ("path", "body", "field"), [("products", {"sku": "A", "name": "Cog"}, "sku"), ("locations", {"name": "A"}, "name")]
)
def test_products_and_locations_are_made_shown_and_listed_and_their_names_are_their_own(client, path, body, field):
    first = client.post(f"/api/v1/{path}", body)
    assert first.status_code == 201
    assert body.items() <= first.json.items()
    assert client.get(first.headers["Location"]).json == first.json
    again = client.post(f"/api/{path}", body)
    assert (again.status_code, again.json["errors"]) == (409, {field: ["is taken"]})
    second = client.post(f"/api/v1/{path}", body | {field: "B"}).json
    listed = client.get(f"/api/v1/{path}?limit=1")
    assert listed.json == [first.json]
    assert client.get(listed.headers["Link"].split(">")[0][1:]).json == [second]


@pytest.mark.parametrize("api", ["/api/v1", "/api"])
def test_a_transfer_is_drafted_sent_and_completed_under_both_spellings(database, warehouse, client, api):
    drafted = client.post(f"{api}/transfers", warehouse.transfer_body(1, 2, "3.5") | {"notes": "fragile"})
    assert (drafted.status_code, drafted.json["status"], drafted.json["sentAt"]) == (201, "draft", None)
    assert drafted.headers["Location"] == f"/api/v1/transfers/{drafted.json['id']}"
    assert client.get(drafted.headers["Location"]).json == drafted.json
    sent = client.post(f"{api}/transfers/{drafted.json['id']}/send")
    assert (sent.status_code, sent.json["status"], sent.json["notes"]) == (200, "sent", "fragile")
    assert warehouse.stock(warehouse.here) == [4, 3, Decimal("1.5")]
    assert warehouse.stock(warehouse.there) == [0, 0, 0]
    completed = client.post(f"{api}/transfers/{drafted.json['id']}/complete", {"notes": "arrived"})
    assert (completed.status_code, completed.json["status"], completed.json["notes"]) == (200, "completed", "arrived")
    assert drafted.json["createdAt"] < completed.json["sentAt"] < completed.json["completedAt"]
    assert warehouse.stock(warehouse.there) == [1, 2, Decimal("3.5")]
    chain.keep_books()
    check(database)


@pytest.mark.parametrize("api", ["/api/v1", "/api"])
def test_a_transfer_goes_as_a_job_under_both_spellings_and_the_job_says_what_it_did(warehouse, client, api):
    transfer_id = warehouse.transfer(1, 1, 1)
    number = client.get(f"/api/v1/transfers/{transfer_id}").json["transferNumber"]
    for verb, status in (("send", "sent"), ("complete", "completed")):
        answer = client.post(f"{api}/transfers/{transfer_id}/{verb}-async", {"notes": "n"} if verb == "send" else None)
        job_id = answer.json["jobId"]
        assert answer.json == {
            "jobId": job_id,
            "transferId": transfer_id,
            "transferNumber": number,
            "itemCount": 3,
            "message": f"Processing 3 items in background. Poll /api/jobs/{job_id} for progress.",
        }
        assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/jobs/{job_id}")
        assert client.get(f"/api/jobs/{job_id}").json["maxAttempts"] == 3
        run(job_id)
        job = client.get(f"/api/jobs/{job_id}").json
        assert (job["status"], job["progressPercent"]) == ("completed", 100)
        assert job["result"] == {"transferId": transfer_id, "transferNumber": number, "itemsProcessed": 3}
        assert client.get(f"/api/v1/transfers/{transfer_id}").json["status"] == status


def test_a_hundred_lines_are_accepted_with_one_commit_and_moved_ten_at_a_time(database, warehouse, client):
    transfer_id = warehouse.transfer(*["0.05"] * 100)
    answers = []
    path = f"/api/v1/transfers/{transfer_id}/send-async"
    assert points(lambda: answers.append(client.post(path))).count("after commit") == 1
    job_id = answers[0].json["jobId"]
    run_points = points(lambda: run(job_id))
    assert (run_points.count("after take_stock"), run_points.count("after checkpoint")) == (10, 10)
    assert moved("transfer", transfer_id, "send") == list(range(1, 101))
    assert client.post(f"/api/v1/transfers/{transfer_id}/complete").json["status"] == "completed"
    assert sum(warehouse.stock(warehouse.there)) == 5
    chain.keep_books()
    check(database)


def test_the_value_moves_with_the_goods_to_the_last_fraction(database, organization, client):
    warehouse = stocked(organization, 3, 7)
    transfer_id = warehouse.transfer(1, 2, 1, 2, 1, 2)
    client.post(f"/api/v1/transfers/{transfer_id}/send")
    client.post(f"/api/v1/transfers/{transfer_id}/complete")
    here, there = (client.get(f"/api/v1/stock?locationId={place}").json for place in (warehouse.here, warehouse.there))
    assert [(row["quantity"], row["value"]) for row in here] == [(0, 0), (1, 3.33)]
    assert [(row["quantity"], row["value"]) for row in there] == [(3, 10), (6, 20)]
    chain.keep_books()
    check(database)


@pytest.mark.parametrize(
    ("currency", "amounts"),
    [("EUR", (10.05, 2.01, 12.06)), ("JPY", (10, 2, 12)), ("KWD", (10.045, 2.009, 12.054))],
)
def test_a_sale_is_rounded_half_up_to_the_organizations_currency(warehouse, client, currency, amounts):
    chain.ask(f"UPDATE organizations SET currency_code = '{currency}'")
    line = {"productId": warehouse.products[0], "quantity": "2.0090", "unitPrice": "5", "taxRate": "0.2"}
    sale = client.post("/api/v1/sales", {"locationId": warehouse.here, "lines": [line]})
    assert (sale.status_code, sale.json["status"]) == (201, "completed")
    assert tuple(sale.json[name] for name in ("subtotal", "taxTotal", "total")) == amounts
    assert client.get(sale.headers["Location"]).json == sale.json


def test_a_purchase_comes_into_the_stock_at_its_cost_when_it_is_approved(database, warehouse, client):
    body = warehouse.purchase_body(10, cost="0.333333")
    drafted = client.post("/api/v1/purchases", body).json
    assert (drafted["status"], drafted["total"], drafted["lines"][0]["lineTotal"]) == ("draft", 3.33, 3.33)
    assert warehouse.stock(warehouse.here) == [5, 5, 5]
    approved = client.post(f"/api/purchases/{drafted['id']}/approve")
    assert (approved.status_code, approved.json["status"]) == (200, "approved")
    assert warehouse.stock(warehouse.here) == [15, 5, 5]
    assert client.get(f"/api/v1/purchases/{drafted['id']}").json == approved.json
    chain.keep_books()
    check(database)


@pytest.mark.parametrize(("count", "prefer", "status"), [(9, "", 201), (10, "", 202), (1, "Respond-Async; a=1", 202)])
def test_few_lines_are_sold_at_once_and_many_as_a_job_or_as_the_caller_prefers(
    warehouse, client, count, prefer, status
):
    body = warehouse.sale_body(*[1] * count)
    answer = client.post("/api/v1/sales", body, headers={"Prefer": f"wait=5, {prefer}"} if prefer else {})
    assert answer.status_code == status
    assert answer.headers.get("Preference-Applied") == ("respond-async" if prefer else None)
    if status == 202:
        assert answer.json.keys() == {"jobId", "saleId", "saleNumber", "itemCount", "message"}
        assert (answer.json["itemCount"], answer.json["message"][:12]) == (count, "Processing 1")
        run(answer.json["jobId"])
    assert sum(warehouse.stock(warehouse.here)) == 15 - count


@pytest.mark.parametrize(("count", "status"), [(9, 200), (10, 202)])
def test_few_lines_are_approved_at_once_and_many_as_a_job(warehouse, client, count, status):
    purchase_id = client.post("/api/v1/purchases", warehouse.purchase_body(*[1] * count)).json["id"]
    answer = client.post(f"/api/v1/purchases/{purchase_id}/approve")
    assert answer.status_code == status
    if status == 202:
        assert (answer.json["purchaseId"], answer.json["itemCount"]) == (purchase_id, count)
        run(answer.json["jobId"])
    assert sum(warehouse.stock(warehouse.here)) == 15 + count


def test_without_a_free_slot_the_queue_takes_over(warehouse, client):
    with ExitStack() as taken:
        for _ in range(settings.current().direct_slots):
            taken.enter_context(application().extensions[EXTENSION].slot("sale.post"))
        answer = client.post("/api/v1/sales", warehouse.sale_body(1))
    assert answer.status_code == 202
    assert chain.value("SELECT due_at <= clock_timestamp() FROM outbox"), "nobody runs it, and yet the relay waits"


def test_in_a_process_that_ends_the_queue_takes_over(warehouse, client, monkeypatch):
    ending = DirectPath(1)
    ending._pool.shutdown()  # as the interpreter does while the last requests are still answered
    monkeypatch.setitem(application().extensions, EXTENSION, ending)
    for _ in range(2):  # the slot is given back
        answer = client.post("/api/v1/sales", warehouse.sale_body(1))
        assert (answer.status_code, answer.json["itemCount"]) == (202, 1)
        run(answer.json["jobId"])
    assert warehouse.stock(warehouse.here) == [3, 5, 5]


def test_what_takes_longer_than_a_caller_waits_goes_on_as_a_job(database, warehouse, client):
    configure(direct_budget=0.3)
    with psycopg.connect(database) as holder:
        holder.execute("LOCK TABLE movements IN SHARE MODE")
        answer = client.post("/api/v1/sales", warehouse.sale_body(1))
        assert (answer.status_code, chain.value(WAITING)) == (202, 1)
    handed_back = {"status": "pending", "progress": 1, "attempts": 0}.items()
    wait_until(lambda: handed_back <= client.get(f"/api/jobs/{answer.json['jobId']}").json.items())
    run(answer.json["jobId"])
    assert warehouse.stock(warehouse.here) == [4, 5, 5]


def test_a_key_sells_once_and_answers_the_same(warehouse, client):
    body = warehouse.sale_body(1)
    first, second = (client.post("/api/v1/sales", body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert warehouse.stock(warehouse.here) == [4, 5, 5]
    other = client.post("/api/v1/sales", warehouse.sale_body(2), headers={"Idempotency-Key": "k"})
    assert other.status_code == 422


def test_a_key_sends_once_and_answers_the_same(warehouse, client):
    path = f"/api/v1/transfers/{warehouse.transfer(1)}/send"
    first, second = (client.post(path, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, second.status_code, second.json) == (200, 200, first.json)
    assert client.post(f"{path[:-5]}/complete").json["status"] == "completed"
    assert client.post(path, headers={"Idempotency-Key": "k"}).json == first.json, "the answer of today"
    keyed = {"Idempotency-Key": "j", "Prefer": "respond-async"}
    path = f"/api/v1/transfers/{warehouse.transfer(1)}/send"
    first, second = (client.post(path, headers=keyed) for _ in range(2))
    assert (first.status_code, second.status_code, second.json) == (202, 202, first.json)


def test_each_sort_of_document_is_numbered_within_the_month_without_a_gap(database, warehouse, client, stranger):
    month = chain.value(NUMBER)
    client.post("/api/v1/sales", warehouse.sale_body(99))
    for n in (1, 2):
        transfer = client.post("/api/v1/transfers", warehouse.transfer_body(1)).json
        assert transfer["transferNumber"] == f"TR{month}000{n}"
        assert client.post("/api/v1/sales", warehouse.sale_body(1)).json["saleNumber"] == f"SA{month}000{n}"
    purchase = client.post("/api/v1/purchases", warehouse.purchase_body(1)).json
    assert purchase["purchaseNumber"] == f"PO{month}0002", "the first one brought the stock"
    check(database, drained=False)


@pytest.mark.parametrize("path", ["transfers", "sales", "purchases"])
def test_documents_are_listed_newest_first_without_their_lines(warehouse, client, path):
    bodies = {"transfers": warehouse.transfer_body(1), "sales": warehouse.sale_body(1)}
    for _ in range(2):
        client.post(f"/api/v1/{path}", bodies.get(path, warehouse.purchase_body(1)))
    listed = client.get(f"/api/{path}?limit=1")
    shown = client.get(f"/api/{path}/{listed.json[0]['id']}").json
    assert shown.pop("lines")[0]["lineNumber"] == 1
    assert listed.json == [shown]
    [following] = client.get(listed.headers["Link"].split(">")[0][1:]).json[:1]
    assert following["id"] == shown["id"] - 1


def test_stock_and_its_movements_are_listed_in_pages(warehouse, client):
    client.post("/api/v1/sales", warehouse.sale_body(1))
    listed = client.get(f"/api/stock?locationId={warehouse.here}&limit=2")
    assert [row["quantity"] for row in listed.json] == [4, 5]
    following = client.get(listed.headers["Link"].split(">")[0][1:])
    assert [row["productId"] for row in following.json] == [warehouse.products[2]]
    path = f"/api/v1/movements?locationId={warehouse.here}&productId={warehouse.products[0]}"
    newest = client.get(f"{path}&limit=1")
    assert [(row["step"], row["quantity"], row["value"]) for row in newest.json] == [("sell", -1, -3.33)]
    [first] = client.get(newest.headers["Link"].split(">")[0][1:]).json
    assert (first["documentType"], first["quantity"], first["value"]) == ("purchase", 5, 16.67)
    assert client.get("/api/v1/stock").json["errors"].keys() == {"locationId"}
    assert client.get("/api/v1/stock?locationId=99").status_code == 404
    assert client.get(f"/api/v1/movements?locationId={warehouse.here}&productId=99").status_code == 404


def test_the_jobs_resource_is_another_door_to_the_same_work(warehouse, client, stranger):
    transfer_id = warehouse.transfer(1)
    body = {"type": "transfer_send", "payload": {"transferId": transfer_id, "notes": "n"}}
    assert stranger.post("/api/v1/jobs", body).status_code == 404
    job_id = client.post("/api/jobs", body).json["jobId"]
    assert client.post("/api/jobs", body).json["jobId"] == job_id, "the 409 names it"
    run(job_id)
    assert client.get(f"/api/v1/transfers/{transfer_id}").json["status"] == "sent"
    for payload in (
        {},
        {"transferId": "1"},
        {"transferId": 0},
        {"transferId": 1, "notes": "\x00"},
        {"transferId": 1, "a": 1},
    ):
        assert client.post("/api/v1/jobs", body | {"payload": payload}).status_code == 400

"""`counterfoil up --sample-data` makes an organization with a month of work, once, and its owner can log in."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import requests

from console.access import COOKIE
from local.client import Client
from local.sample.filling import fill
from tests.integration.local.running_stack import RunningStack

FILL_TIMEOUT = 180
COUNTED = (
    "parties/suppliers", "parties/clients", "products", "locations", "purchases", "transfers", "sales", "invoices",
    "bills", "webhooks", "mailboxes", "automations", "schedules", "users", "keys",
)  # fmt: skip


def test_sample_data_is_made_once_for_a_database_and_one_made_anew_gets_other_keys(tmp_path):
    data_dir, elsewhere = tmp_path / "data", tmp_path
    with RunningStack(data_dir, "--sample-data") as stack:
        stack.printed(r"sample data: Sample company is filled after \d+ s: log in as .*", FILL_TIMEOUT)
        client = Client(stack.facts["url"], kept(data_dir)["apiKey"])
        _look_at_documents(client)
        _look_at_jobs(client)
        assert "Sample company" in _home_of_the_owner(stack.facts["consoleUrl"], data_dir)
        assert get(stack.client, "invoices") == [], "the first organization has nothing of it"

        made = counts(client)
        assert fill(data_dir, "embedded", stack.facts["url"], refused) == "Sample company is there already"
        _forget_that_it_is_filled(data_dir)
        assert "is filled" in fill(data_dir, "embedded", stack.facts["url"], refused)
        assert counts(client) == made
        _, viewer = client.post("/api/v1/keys", {"name": "Viewer", "role": "viewer"})
        told = fill(elsewhere, "embedded", stack.facts["url"], lambda *_: viewer["key"])
        assert told.startswith("Sample company is not complete: the owner's link was answered 403: this takes")

    shutil.rmtree(data_dir / "postgres")
    with RunningStack(data_dir) as anew:
        assert anew.client.get("/api/v1/products")[0] == 200
        assert anew.facts["apiKey"] != stack.facts["apiKey"]
        assert kept(data_dir) is None, "it went with the database"


def test_a_stack_that_does_not_answer_is_told_in_one_line(tmp_path):
    failed = fill(tmp_path, "embedded", "http://127.0.0.1:9", lambda *_: "cf_none")
    assert re.fullmatch("Sample company is not complete: .*Connection refused.*", failed)


def refused(*command: str) -> str:
    raise AssertionError(f"the company is known, so nobody runs {command}")


def kept(data_dir: Path) -> Any:
    return json.loads((data_dir / "access.json").read_text())["embedded"].get("sample")


def get(client: Client, path: str) -> Any:
    status, answer = client.get(f"/api/v1/{path}")
    assert status == 200, answer
    return answer


def counts(client: Client) -> dict[str, int]:
    return {path: len(get(client, f"{path}?limit=200")) for path in COUNTED}


def states(client: Client, path: str, name: str = "status") -> Counter[str]:
    return Counter(one[name] for one in get(client, f"{path}?limit=200"))


def _look_at_documents(client: Client) -> None:
    assert counts(client).items() >= {"invoices": 64, "bills": 6 + 4, "parties/clients": 12, "keys": 4}.items()
    invoices = get(client, "invoices?limit=200")
    paid = Counter(one["paymentStatus"] for one in invoices)
    assert {"paid", "unpaid", "partlyPaid", "credited", "partlyCredited", None} <= paid.keys()
    today = max(one["issueDate"] for one in invoices)
    assert [one for one in invoices if one["dueDate"] and one["dueDate"] < today and one["paymentStatus"] == "unpaid"]
    assert len({one["client"]["country"] for one in invoices}) >= 8
    assert {"approved", "rejected", "processed", "needs_review", "error"} <= states(client, "bills").keys()
    assert states(client, "transfers").keys() == {"completed", "sent", "draft"}
    assert states(client, "purchases") == {"approved": 3, "draft": 1}
    assert states(client, "users", "role") == {"owner": 1, "accountant": 1, "clerk": 1, "viewer": 1}
    assert (len(get(client, "locations")), [one["enabled"] for one in get(client, "webhooks")]) == (2, [False])


def _look_at_jobs(client: Client) -> None:
    failed = Counter(one["type"] for one in get(client, "jobs?status=failed"))
    assert failed == {"invoice.generate": 2, "invoice.credit": 1}
    [automation] = get(client, "automations")
    assert get(client, f"automations/{automation['id']}/runs")
    for supplier in get(client, "parties/suppliers"):
        audit = get(client, f"suppliers/{supplier['id']}/numbering/audit")
        assert audit["count"] > 0
        assert audit["gaps"] == audit["brokenLinks"] == audit["lateDates"] == []


def _home_of_the_owner(console: str, data_dir: Path) -> str:
    form = {name: kept(data_dir)[name] for name in ("email", "password")}
    with requests.Session() as browser:
        browser.post(f"{console}login", form, timeout=10)
        cookie = {"Cookie": f"{COOKIE}={browser.cookies.get(COOKIE)}"}
        return requests.get(console, headers=cookie, timeout=10).text


def _forget_that_it_is_filled(data_dir: Path) -> None:
    access = json.loads((data_dir / "access.json").read_text())
    del access["embedded"]["sample"]["filled"]
    (data_dir / "access.json").write_text(json.dumps(access))

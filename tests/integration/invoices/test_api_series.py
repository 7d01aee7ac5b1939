"""A supplier may have several series, each gapless, with its own pattern, start, restart and rule for dates."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db.transaction import transaction
from domain.errors import Refusal
from domain.invoices import generation
from domain.invoices.request import KIND
from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant

GENERATE, SUPPLIERS = "/api/v1/invoices/generate", "/api/v1/parties/suppliers"
EXPORT = {"code": "export", "pattern": "EX-{YYYY}-", "digits": 4, "startNumber": 57, "restart": "yearly"}
NOW = datetime.now(UTC)


def supplier(client: Caller, *series: dict[str, Any], **changes: Any) -> int:
    made = client.post(SUPPLIERS, bodies.party(series=list(series), **changes))
    assert made.status_code == 201, made.json
    return made.json["id"]


def issue(client: Caller, supplier_id: int, **changes: Any) -> Any:
    return client.post(GENERATE, bodies.invoice(supplier_id, **changes))


def numbers(client: Caller, supplier_id: int, code: str, *days: str) -> list[str]:
    return [issue(client, supplier_id, seriesCode=code, issueDate=day).json["invoiceNumber"] for day in days]


def audit(client: Caller, supplier_id: int, code: str) -> dict[str, Any]:
    return client.get(f"/api/v1/suppliers/{supplier_id}/numbering/audit?seriesCode={code}").json


def test_each_series_counts_and_chains_by_itself(client: Caller) -> None:
    own = supplier(client, EXPORT)
    assert numbers(client, own, "invoice", "2025-05-01", "2025-05-02") == ["INV-000001", "INV-000002"]
    days = "2024-12-30", "2024-12-31", "2025-01-01", "2026-03-01", "2026-03-02"
    shown = ["EX-2024-0057", "EX-2024-0058", "EX-2025-0001", "EX-2026-0001", "EX-2026-0002"]
    assert numbers(client, own, "export", *days) == shown
    assert numbers(client, own, "invoice", "2025-05-03") == ["INV-000003"]
    clean = {"gaps": [], "duplicates": [], "brokenLinks": [], "lateDates": []}
    for code, found in (("invoice", {"first": 1, "last": 3, "count": 3}), ("export", {"first": 57, "last": 61})):
        report = audit(client, own, code)
        assert report | clean | found | {"seriesCode": code} == report
    heads = {audit(client, own, code)["headHash"] for code in ("invoice", "export")}
    assert len(heads) == 2


def test_an_invoice_of_another_series_is_verified_as_one_of_the_first(client: Caller) -> None:
    own = supplier(client, EXPORT)
    for number in ("INV-000001", *numbers(client, own, "export", "2024-12-30")):
        issue(client, own, issueDate="2024-12-30")
        shown = client.get(f"/api/v1/invoices/{number}").json
        place = {"number": shown["invoiceNumberInt"], "seriesCode": shown["seriesCode"], "hash": shown["hash"]}
        for body in (place, {"number": number, "hash": shown["hash"]}):
            answer = client.post(f"/api/v1/suppliers/{own}/numbering/verify", body)
            assert answer.json == {"verdict": "matches"}, body


def test_an_invoice_is_not_missing_from_a_series_that_is_not_there(client: Caller) -> None:
    own = supplier(client, EXPORT)
    issue(client, own)
    shown = client.get("/api/v1/invoices/INV-000001").json
    for number in (1, "INV-000001"):
        body = {"number": number, "seriesCode": "exprot", "hash": shown["hash"]}
        answer = client.post(f"/api/v1/suppliers/{own}/numbering/verify", body)
        assert (answer.status_code, answer.json["detail"]) == (404, "the supplier has no series exprot")
        other = client.post(f"/api/v1/suppliers/{own}/numbering/verify", body | {"seriesCode": "export"})
        assert other.json == {"verdict": "missing"}, "it stands in another series"


def test_tampering_in_one_series_is_found_in_that_series_alone(client: Caller, database: str) -> None:
    own = supplier(client, EXPORT)
    numbers(client, own, "export", "2024-12-30", "2024-12-31")
    numbers(client, own, "invoice", "2024-12-30", "2024-12-31")
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE invoices SET notes = 'forged' WHERE series_code = 'export' AND number = 57")
    assert audit(client, own, "export")["brokenLinks"] == [57]
    assert audit(client, own, "invoice")["brokenLinks"] == []


def test_there_is_no_audit_of_a_series_that_is_not_there(client: Caller) -> None:
    missing = client.get(f"/api/v1/suppliers/{supplier(client)}/numbering/audit?seriesCode=none")
    assert (missing.status_code, missing.json["detail"]) == (404, "the supplier has no series none")


@pytest.mark.parametrize("path", [GENERATE, chain.REQUESTS])
def test_an_unknown_series_is_refused(path: str, client: Caller) -> None:
    refused = client.post(path, bodies.invoice(supplier(client), seriesCode="none"))
    assert (refused.status_code, list(refused.json["errors"])) == (400, ["seriesCode"])


def test_a_business_that_moves_here_goes_on_from_its_last_number(client: Caller) -> None:
    own = supplier(client, invoicePrefix="R{YYYY}/{MM}-".replace("/", "-"), invoiceStartNumber=4711)
    assert numbers(client, own, "invoice", "2025-05-31", "2025-06-01") == ["R2025-05-004711", "R2025-06-004712"]


@pytest.mark.parametrize(
    ("series", "told"),
    [
        ([EXPORT | {"pattern": "EX-"}], "needs {YYYY} or {YY}"),
        ([EXPORT, EXPORT], "is given twice"),
        ([EXPORT, EXPORT | {"code": "other"}], "could print the same number"),
        ([{"code": "a", "pattern": "A-"}, {"code": "b", "pattern": "a-1"}], "could print the same number"),
        ([{"code": "a", "pattern": "{YYYY}{MM}"}, {"code": "b", "pattern": "{YY}"}], "could print the same number"),
        ([{"code": "export", "pattern": "INV-"}], "could print the same number"),
        ([{"code": "a", "pattern": "R2026-"}, {"code": "b", "pattern": "R{YYYY}-"}], "could print the same number"),
        ([{"code": "a", "pattern": "R26-"}, {"code": "b", "pattern": "R{YY}-"}], "could print the same number"),
        ([{"code": "a", "pattern": "{YYYY}-"}, {"code": "b", "pattern": "{YY}{MM}-"}], "could print the same number"),
        ([{"code": "invoice", "pattern": "X-"}], "differ: send one of them"),
        ([{"code": "a b"}], "must be up to 20 letters"),
        ([{"code": "a", "pattern": "{DD}-"}], "must be up to 20 of the letters"),
        ([{"code": "a", "restart": "monthly"}], "must be one of"),
        ([{"code": "a", "chronology": "lax"}], "must be one of"),
    ],
)  # fmt: skip
def test_series_that_cannot_be_are_refused(series: list[dict[str, Any]], told: str, client: Caller) -> None:
    refused = client.post(SUPPLIERS, bodies.party(invoicePrefix="INV-", series=series))
    assert (refused.status_code, told in refused.json["detail"]) == (400, True), refused.json
    own = supplier(client)
    assert client.put(f"{SUPPLIERS}/{own}", bodies.party(invoicePrefix="INV-", series=series)).status_code == 400


@pytest.mark.parametrize(
    ("one", "other"), [("S1-", "S2-"), ("2025-", "2026-"), ("A{YYYY}-1-", "A{YYYY}-2-"), ("1A", "1B")]
)
def test_patterns_that_differ_before_the_number_are_two(one: str, other: str, client: Caller) -> None:
    own = supplier(client, {"code": "one", "pattern": one}, {"code": "other", "pattern": other})
    shown = [issue(client, own, seriesCode=code).json["invoiceNumber"] for code in ("one", "other")]
    assert len({*shown}) == 2


def test_a_supplier_has_no_more_series_than_may_be(client: Caller) -> None:
    own = supplier(client)
    for place in range(2):
        series = [{"code": f"{'ab'[place]}{chr(97 + n // 20)}{chr(97 + n % 20)}"} for n in range(60)]
        changed = client.put(f"{SUPPLIERS}/{own}", bodies.party(series=series))
    assert (changed.status_code, "may have 100 series" in changed.json["detail"]) == (400, True)


@pytest.mark.parametrize("prefix", ["CN-", "cn-", "CN-2026"])
def test_credit_notes_make_room_for_a_prefix_of_the_suppliers_own(prefix: str, client: Caller) -> None:
    own = supplier(client, invoicePrefix=prefix)
    other = supplier(client)
    assert client.put(f"{SUPPLIERS}/{other}", bodies.party(invoicePrefix=prefix)).status_code == 200
    for one in (own, other):
        patterns = {series["code"]: series["pattern"] for series in client.get(f"{SUPPLIERS}/{one}").json["series"]}
        assert patterns == {"invoice": prefix, "credit": "CRN-"}


@pytest.mark.parametrize("series", [None, [], [EXPORT]], ids=["absent", "empty", "another"])
def test_the_pattern_of_credit_notes_stays_as_it_was_named(series: list[dict[str, Any]] | None, client: Caller) -> None:
    credit = {"code": "credit", "pattern": "GS-{YYYY}-", "digits": 4, "startNumber": 500, "restart": "yearly"}
    own = supplier(client, credit)
    changed = client.put(f"{SUPPLIERS}/{own}", bodies.party(series=series))
    assert changed.status_code == 200, changed.json
    [kept] = [one for one in changed.json["series"] if one["code"] == "credit"]
    assert kept | credit == kept
    refused = client.put(f"{SUPPLIERS}/{own}", bodies.party(invoicePrefix="GS-{YYYY}-"))
    assert (refused.status_code, "could print the same number" in refused.json["detail"]) == (400, True)


@pytest.mark.parametrize("path", [GENERATE, chain.REQUESTS])
@pytest.mark.parametrize(("chronology", "pattern"), [("warn", "{YYYY}-"), ("strict", "{YY}-")])
def test_no_date_ends_the_numbers_of_this_year_or_meets_those_of_a_century_before(
    path: str, chronology: str, pattern: str, client: Caller
) -> None:
    yearly = {"code": "invoice", "pattern": pattern, "restart": "yearly", "chronology": chronology}
    own = supplier(client, yearly)
    for year in (NOW.year + 1, NOW.year + 36, 9999, NOW.year - 51, NOW.year - 100):
        refused = client.post(path, bodies.invoice(own, issueDate=f"{year}-01-01"))
        assert (refused.status_code, list(refused.json["errors"])) == (400, ["issueDate"]), year
    assert issue(client, own).json["invoiceNumber"].endswith("-000001")


def test_the_longest_number_is_found_at_its_address(client: Caller) -> None:
    pattern = "A" * 16 + "{YYYY}{YYYY}{MM}{YYYY}"
    own = supplier(client, {"code": "long", "pattern": pattern, "digits": 18})
    [number] = numbers(client, own, "long", "2026-05-20")
    assert (len(number), client.get(f"/api/v1/invoices/{number}").status_code) == (48, 200)


def test_a_series_is_added_later_and_frozen_by_its_first_invoice(client: Caller) -> None:
    own = supplier(client)
    path = f"{SUPPLIERS}/{own}"
    added = client.put(path, bodies.party(series=[EXPORT])).json["series"]
    assert [one["code"] for one in added] == ["invoice", "export", "credit"]
    changed = EXPORT | {"pattern": "E{YY}-"}
    assert client.put(path, bodies.party(series=[changed])).json["series"][1]["pattern"] == "E{YY}-"
    numbers(client, own, "export", "2025-01-01")
    refused = client.put(path, bodies.party(series=[EXPORT]))
    assert (refused.status_code, 'pattern "E{YY}-"' in refused.json["detail"]) == (409, True)
    lax = client.put(path, bodies.party(series=[changed | {"chronology": "warn"}]))
    assert (lax.status_code, lax.json["series"][1]["chronology"]) == (200, "warn")
    kept = client.put(path, bodies.party()).json["series"][1]
    assert (kept["pattern"], kept["chronology"], kept["lastNumber"], kept["lastDate"]) == (
        "E{YY}-", "warn", 57, "2025-01-01",
    )  # fmt: skip


def test_the_database_prints_no_number_twice(client: Caller, database: str) -> None:
    own = supplier(client, EXPORT)
    numbers(client, own, "export", "2025-01-01")
    issue(client, own)
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("UPDATE invoices SET invoice_number = 'INV-000001' WHERE series_code = 'export'")


def test_a_strict_series_names_the_last_date_and_takes_no_number(client: Caller) -> None:
    own = supplier(client)
    issue(client, own, issueDate="2026-05-20")
    for path in (GENERATE, chain.REQUESTS):
        refused = client.post(path, bodies.invoice(own, issueDate="2026-05-19"))
        assert (refused.status_code, list(refused.json["errors"])) == (409, ["issueDate"])
        assert refused.json["lastDate"] == "2026-05-20"
    assert issue(client, own, issueDate="2026-05-20").json["invoiceNumber"] == "INV-000002"


@pytest.mark.parametrize("path", [GENERATE, chain.REQUESTS])
def test_a_strict_series_takes_no_date_after_today(path: str, client: Caller) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    refused = client.post(path, bodies.invoice(supplier(client), issueDate=tomorrow))
    assert (refused.status_code, list(refused.json["errors"])) == (400, ["issueDate"])
    lax = supplier(client, {"code": "invoice", "chronology": "warn"})
    assert client.post(path, bodies.invoice(lax, issueDate=tomorrow)).status_code in (200, 201)


def test_a_queued_invoice_whose_date_was_overtaken_fails_and_says_why(client: Caller) -> None:
    own = supplier(client)
    late = client.post(chain.REQUESTS, bodies.invoice(own, issueDate="2026-05-19")).json["requestId"]
    issue(client, own, issueDate="2026-05-20")
    other = client.post(chain.REQUESTS, bodies.invoice(own, issueDate="2026-05-21")).json["requestId"]
    chain.run_waiting(KIND)
    failed, issued = (client.get(f"{chain.REQUESTS}/{one}").json for one in (late, other))
    assert (failed["status"], "2026-05-20" in failed["errorMessage"]) == ("FAILED", True)
    assert (issued["status"], issued["invoiceNumber"]) == ("COMPLETED", "INV-000002")


def test_of_a_group_those_out_of_order_are_refused_and_the_others_numbered(organization: Tenant) -> None:
    days = [datetime(2026, 5, day).date() for day in (10, 12, 11, 12)]
    with transaction() as session:
        issued = generation.issue(session, [organization.request(issue_date=day) for day in days])
    assert [isinstance(one, Refusal) or one.invoice_number for one in issued] == [
        "INV-000001", "INV-000002", True, "INV-000003",
    ]  # fmt: skip


# One of the two is on another day than UTC, whatever time it is.
@pytest.mark.parametrize(("zone", "hours"), [("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)])
def test_an_invoice_is_dated_in_the_suppliers_own_zone(zone: str, hours: int, client: Caller) -> None:
    own = supplier(client, timeZone=zone)
    before = (datetime.now(UTC) + timedelta(hours=hours)).date()
    shown = issue(client, own).json["issueDate"]
    after = (datetime.now(UTC) + timedelta(hours=hours)).date()
    assert shown in (before.isoformat(), after.isoformat())


def test_a_zone_that_the_server_does_not_know_is_refused(client: Caller) -> None:
    refused = client.post(SUPPLIERS, bodies.party(timeZone="Europe/Sofja"))
    assert (refused.status_code, list(refused.json["errors"])) == (400, ["timeZone"])

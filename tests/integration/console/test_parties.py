"""Clients and suppliers in the console."""

from console.app import PATH
from tests import chain
from tests.browser import logged_in, text
from tests.tenant import Tenant

CLIENT = {"name": "Grace", "addressLine1": "1 Navy Yard", "city": "Arlington", "country": "US", "taxId": "US-1"}
SERIES = ("code", "pattern", "digits", "startNumber", "restart", "chronology")


def series(*rows: tuple[str, ...]) -> dict[str, list[str]]:
    return {f"series.{name}": [row[n] for row in rows] for n, name in enumerate(SERIES)}


def test_a_clerk_makes_changes_finds_and_deletes_a_client(organization: Tenant) -> None:
    browser = logged_in(organization.id, "clerk")
    for _ in range(2):
        made = browser.act("/clients/new", "/clients/new", **CLIENT, key="form-1")
        assert made.headers["Location"] == f"{PATH}/clients/1?told=saved"
    assert chain.value("SELECT count(*) FROM clients") == 1
    assert browser.act("/clients/1", "/clients/1", **CLIENT | {"city": "Norfolk"}).status_code == 303
    assert "Grace Norfolk, US US-1" in text(browser.get("/clients?q=us1"))
    assert "No client matches." in browser.get("/clients?q=nobody").text
    taken = browser.act("/clients/new", "/clients/new", **CLIENT | {"name": "Other"}, key="form-2")
    assert (taken.status_code, "another client has this taxId" in taken.text) == (409, True)
    assert 'value="Other"' in taken.text
    lacking = browser.act("/clients/new", "/clients/new", **CLIENT | {"city": " "}, key="form-3")
    assert (lacking.status_code, "Something is not right yet" in lacking.text) == (400, True)
    assert browser.act("/clients/1", "/clients/1/delete").status_code == 303
    assert browser.get("/clients/1").status_code == 404
    assert chain.rows("SELECT action, target FROM audit_log WHERE target ^@ '/clients' ORDER BY id") == [
        ("createClient", "/clients/1"), ("replaceClient", "/clients/1"), ("deleteClient", "/clients/1/delete"),
    ]  # fmt: skip


def test_an_owner_exports_and_removes_what_is_kept_of_a_client(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    browser.act("/clients/new", "/clients/new", **CLIENT | {"email": "grace@example.com"}, key="form-1")
    saved = browser.act("/clients/1", "/clients/1/personal-data/export")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="client-1.json"'
    assert (saved.json["client"]["email"], saved.json["changes"][0]["action"]) == ("grace@example.com", "createClient")
    page = text(browser.get("/clients/1/personal-data"))
    assert "Name, ids and addresses 1" in page
    assert "What is in backups, until you delete them." in page
    assert chain.value("SELECT name FROM clients") == "Grace"
    removed = browser.act("/clients/1/personal-data", "/clients/1/personal-data")
    assert removed.headers["Location"] == f"{PATH}/clients?told=personal-data-removed"
    assert chain.value("SELECT name FROM clients") == "-"
    acts = chain.rows("SELECT action FROM audit_log WHERE target LIKE '%%personal-data%%' ORDER BY id")
    assert acts == [("exportPersonalData",), ("removePersonalData",)]


def test_what_has_to_be_done_first_is_said(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    browser.act("/clients/new", "/clients/new", **CLIENT, key="form-1")
    job_id = chain.submit(organization, "Grace")
    chain.ask("UPDATE open_jobs SET payload = jsonb_set(payload, '{client}', '{\"id\": 1}')")
    assert f"the requests {job_id} for this client wait or run" in text(browser.get("/clients/1/personal-data"))
    refused = browser.act("/clients/1/personal-data", "/clients/1/personal-data")
    assert (refused.status_code, "Remove for good" in refused.text) == (409, False)


def test_a_clerk_sees_neither(organization: Tenant) -> None:
    browser = logged_in(organization.id, "clerk")
    browser.act("/clients/new", "/clients/new", **CLIENT, key="form-1")
    assert "ersonal data" not in browser.get("/clients/1").text
    assert browser.get("/clients/1/personal-data").status_code == 403


def test_a_supplier_gets_series_and_keeps_those_that_were_used(organization: Tenant) -> None:
    chain.post(organization, chain.GENERATE, chain.body(organization.request("Ada")))
    browser = logged_in(organization.id)
    page = browser.get("/suppliers/1").text
    assert 'value="INV-" readonly' in page
    assert 'value="CN-" readonly' not in page
    fields = {"name": "Acme GmbH", "addressLine1": "1 Main Street", "city": "Sofia", "country": "BG"}
    used, free = ("invoice", "INV-", "6", "1", "never", "warn"), ("export", "EX-{YYYY}-", "4", "1", "yearly", "strict")
    rows = series(used, ("credit", "CR-", "6", "1", "never", "strict"), free)
    settings = {
        "currencyCode": "EUR",
        "defaultTaxRate": "19",
        "defaultTemplateId": "2",
        "iban": "DE89370400440532013000",
    }
    saved = browser.act("/suppliers/1", "/suppliers/1", **fields, **settings, **rows)
    assert saved.status_code == 303, text(saved)
    stored = "SELECT code, pattern, digits, restart, chronology FROM number_series ORDER BY code"
    assert chain.rows(stored) == [
        ("credit", "CR-", 6, "never", "strict"), ("export", "EX-{YYYY}-", 4, "yearly", "strict"),
        ("invoice", "INV-", 6, "never", "warn"),
    ]  # fmt: skip
    assert chain.rows("SELECT name, default_tax_rate::text, default_template_id FROM suppliers") == [
        ("Acme GmbH", "0.1900", 2)
    ]
    frozen = browser.act("/suppliers/1", "/suppliers/1", **fields, **series((*used[:2], "8", *used[3:])))
    assert (frozen.status_code, "an invoice is issued" in frozen.text) == (409, True)


def test_an_owner_makes_a_supplier_and_a_clerk_only_looks(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    fields = {
        "name": "New Ltd",
        "addressLine1": "1 Main Street",
        "city": "Sofia",
        "country": "BG",
        "currencyCode": "EUR",
    }
    rows = series(("invoice", "N-", "5", "100", "never", "strict"))
    made = browser.act("/suppliers/new", "/suppliers/new", **fields, **rows)
    assert made.headers["Location"] == f"{PATH}/suppliers/2?told=saved"
    clerk = logged_in(organization.id, "clerk")
    shown = clerk.get("/suppliers/2").text
    assert "N-00100" in shown
    assert "<form method" not in shown.partition("<main")[2]
    assert "New Ltd Sofia, BG EUR 0% invoice, credit" in text(clerk.get("/suppliers"))


def test_parties_of_another_organization_are_not_there(organization: Tenant, other_organization: Tenant) -> None:
    browser = logged_in(organization.id)
    browser.act("/clients/new", "/clients/new", **CLIENT)
    stranger = logged_in(other_organization.id)
    for path in ("/clients/1", "/suppliers/1", "/numbering/1/invoice/audit", "/numbering/1/invoice/report"):
        assert browser.get(path).status_code in (200, 409), path
        assert stranger.get(path).status_code == 404, path
    assert "Grace" not in stranger.get("/clients").text

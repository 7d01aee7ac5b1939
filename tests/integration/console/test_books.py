"""Numbers, journal and trial balance in the console."""

from domain import signing
from tests import chain
from tests.browser import logged_in, text
from tests.conftest import configure
from tests.tenant import Tenant


def issue(organization: Tenant, *names: str) -> None:
    for name in names:
        chain.post(organization, chain.GENERATE, chain.body(organization.request(name)))


def test_a_series_is_whole_until_somebody_changes_it(organization: Tenant) -> None:
    issue(organization, "Ada", "Grace", "Edsger")
    browser = logged_in(organization.id, "viewer")
    assert "Acme Ltd invoice INV- 3" in text(browser.get("/numbering"))
    whole = text(browser.get("/numbering/1/invoice/audit"))
    assert "It holds the numbers 1 to 3: 3 in all." in whole
    for said in ("No number is missing.", "No number was given twice.", "nothing was changed", "The dates follow"):
        assert said in whole, said
    chain.ask("ALTER TABLE invoices DISABLE TRIGGER ALL")
    chain.ask("UPDATE invoices SET notes = 'Changed' WHERE number = 2")
    broken = text(browser.get("/numbering/1/invoice/audit"))
    assert "These or the ones before them were changed, as their hashes do not fit: 2." in broken
    assert "Nothing was numbered in this series yet." in browser.get("/numbering/1/credit/audit").text


def test_the_signed_report_is_a_download(organization: Tenant, settings_return: None) -> None:
    issue(organization, "Ada")
    browser = logged_in(organization.id, "viewer")
    assert "this installation signs nothing yet" in browser.get("/numbering/1/invoice/report").text
    configure(signing_key=signing.new_key())
    report = browser.get("/numbering/1/invoice/report")
    assert (report.mimetype, report.text.count("\n")) == ("application/jsonl", 4)
    assert "attachment" in report.headers["Content-Disposition"]


def test_an_invoice_that_somebody_holds_is_compared(organization: Tenant) -> None:
    issue(organization, "Ada")
    browser = logged_in(organization.id, "viewer")
    [(held,)] = chain.rows("SELECT encode(hash, 'hex') FROM invoices")

    def compare(number: str, digits: str) -> str:
        return browser.get(f"/numbering/1/invoice/verify?number={number}&hash={digits}").text

    for number in ("INV-000001", "1"):
        assert "The invoice stands in the books as it was." in compare(number, held)
    assert "Another invoice has this number" in compare("1", "00" * 32)
    assert "No invoice of this series has this number" in compare("2", held)
    assert "64 hexadecimal digits" in compare("1", "xyz")


def test_entries_are_found_and_the_sums_match_to_the_day(organization: Tenant) -> None:
    issue(organization, "Ada", "Grace")
    browser = logged_in(organization.id, "viewer")
    assert "There are no entries yet" in browser.get("/journal").text
    chain.keep_books()

    def found(query: str) -> int:
        return browser.get(f"/journal?{query}").text.count("<tbody>\n  <tr>\n    <td rowspan")

    counts = {"": 2, "type=invoice&id=1": 1, "type=bill": 0, "account=4000": 2, "account=1300": 0, "to=2020-01-01": 0,
              "from=2020-01-01": 2, "type=nothing": 2}  # fmt: skip
    assert {query: found(query) for query in counts} == counts
    sums = text(browser.get("/trial-balance"))
    assert "1100 Accounts receivable asset €50.40 €0.00 €50.40" in sums
    assert "4000 Sales revenue income €0.00 €42.00 -€42.00" in sums
    assert "Total €50.40 €50.40 €0.00 Debit and credit are equal." in sums
    assert "There are no entries yet." in browser.get("/trial-balance?to=2020-01-01").text


def test_an_accountant_has_an_entry_made_anew_and_catches_up(organization: Tenant) -> None:
    issue(organization, "Ada")
    chain.keep_books()
    assert "Make anew" not in logged_in(organization.id, "clerk").get("/journal").text
    browser = logged_in(organization.id, "accountant")
    anew = browser.act("/journal", "/journal/recreate", type="invoice", id="1")
    assert "told=recreated" in anew.headers["Location"]
    chain.keep_books()
    assert chain.rows("SELECT version, deleted_at IS NULL FROM journal_entries ORDER BY id") == [(1, False), (2, True)]
    assert text(browser.get("/journal?deleted=1")).count("replaced") == 2
    nothing = browser.act("/journal", "/journal/recreate", type="invoice", id="99")
    assert (nothing.status_code, "not found: invoice 99" in nothing.text) == (404, True)
    caught_up = browser.act("/journal", "/journal/sync")
    assert "told=up-to-date" in caught_up.headers["Location"]


def test_the_entry_of_a_payment_leads_to_its_invoice(organization: Tenant) -> None:
    issue(organization, "Ada", "Grace")
    assert chain.post(organization, "/api/v1/invoices/INV-000002/payments", {"amount": "25.20"}).status_code == 201
    chain.keep_books()
    page = logged_in(organization.id, "viewer").get("/journal?type=payment").text
    assert '<a href="/console/invoices/2">payment 1</a>' in page


def test_books_of_another_organization_are_not_there(organization: Tenant, other_organization: Tenant) -> None:
    issue(organization, "Ada")
    chain.keep_books()
    stranger = logged_in(other_organization.id)
    assert "There are no entries yet" in stranger.get("/journal").text
    assert "There are no entries yet." in stranger.get("/trial-balance").text
    assert stranger.act("/journal", "/journal/recreate", type="invoice", id="1").status_code == 404

"""Invoices in the console: issued once, found, paid, credited, sent, and shown with their pages."""

import re
from decimal import Decimal
from typing import Any

from console.app import PATH
from tests import chain
from tests.browser import Browser, logged_in, text
from tests.conftest import configure
from tests.tenant import ADDRESS, Tenant

CLIENT = {f"client.{name}": value for name, value in {
    "name": "Ada Analytics", "addressLine1": ADDRESS["address_line1"], "city": "Sofia", "country": "BG",
    "taxId": "BG-1", "email": "ada@example.com",
}.items()}  # fmt: skip
LINE = {
    "description": "Work",
    "quantity": "2",
    "unitPrice": "10.50",
    "discount": "",
    "taxRate": "20",
    "taxCategory": "",
}


def draft(organization: Tenant, *lines: dict[str, str], **changes: Any) -> dict[str, Any]:
    """Return the form of an invoice over 25.20, to be sent under one key."""
    rows = lines or (LINE,)
    columns = {name: [row[name] for row in rows] for name in LINE}
    return {"supplierId": str(organization.supplier_id), "key": "form-1", **CLIENT, **columns, **changes}


def issue(browser: Browser, organization: Tenant, **changes: Any) -> Any:
    return browser.act("/invoices/new", "/invoices/new", **draft(organization, **changes))


def count() -> int:
    return chain.value("SELECT count(*) FROM invoices")


def test_a_form_that_is_sent_twice_issues_one_invoice(organization: Tenant) -> None:
    browser = logged_in(organization.id, "clerk")
    answers = [issue(browser, organization) for _ in range(2)]
    assert {answer.headers["Location"] for answer in answers} == {f"{PATH}/invoices/1?told=issued"}
    assert count() == 1
    shown = text(browser.get("/invoices/1?told=issued"))
    for said in (
        "The invoice is issued.",
        "Invoice INV-000001 unpaid",
        "Ada Analytics",
        "€21.00",
        "Tax 20% on €21.00 €4.20",
        "€25.20",
    ):
        assert said in shown, said
    assert chain.rows("SELECT target FROM audit_log WHERE action = 'issueInvoice'") == [("/invoices/1",)]


def test_no_field_of_a_form_keeps_what_was_done_out_of_the_audit_log(organization: Tenant) -> None:
    browser = logged_in(organization.id, "clerk")
    assert issue(browser, organization, dryRun="1", dry_run="1").status_code == 303
    assert (count(), chain.rows("SELECT target FROM audit_log WHERE action = 'issueInvoice'")) == (
        1, [("/invoices/1",)],
    )  # fmt: skip


def test_a_form_that_was_changed_after_it_was_sent_is_refused_and_can_be_sent_again(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    issue(browser, organization)
    again = issue(browser, organization, notes="Another")
    assert (again.status_code, count()) == (409, 1)
    assert "This form was sent before with something else in it" in again.text
    [fresh] = re.findall('name="key" value="([^"]+)"', again.text)
    assert issue(browser, organization, notes="Another", key=fresh).status_code == 303
    assert count() == 2


def test_what_is_wrong_is_said_where_it_is_and_nothing_is_typed_twice(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    wrong = LINE | {"quantity": "two", "taxRate": "abc"}
    answer = browser.act("/invoices/new", "/invoices/new", **draft(organization, LINE, wrong, dueDate="2020-01-01"))
    assert (answer.status_code, count()) == (400, 0)
    assert 'value="two" inputmode="decimal" aria-invalid="true"' in answer.text
    assert "Quantity must be a number such as 12.50" in text(answer)
    assert 'value="Ada Analytics"' in answer.text
    late = issue(browser, organization, dueDate="2020-01-01")
    assert late.status_code == 400
    assert "due_date must not be before today" in late.text
    nobody = issue(browser, organization, **dict.fromkeys(CLIENT, ""))
    assert "Choose a client, or describe a new one." in text(nobody)


def test_numbers_are_taken_as_people_of_the_language_write_them(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    browser.get("/language/de")
    line = LINE | {"quantity": "1.000,5", "unitPrice": "0,10", "taxRate": "7,5"}
    assert browser.act("/invoices/new", "/invoices/new", **draft(organization, line)).status_code == 303
    [stored] = chain.rows("SELECT quantity, unit_price, tax_rate FROM invoice_items")
    assert stored == (Decimal("1000.5"), Decimal("0.1"), Decimal("0.075"))


def test_a_draft_gets_lines_and_finds_clients_without_scripts_and_keeps_nothing(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    issue(browser, organization)
    more = browser.act("/invoices/new", "/invoices/draft", **draft(organization, add="1", q="analyt"))
    assert (more.status_code, count()) == (200, 1)
    assert more.text.count('name="description"') == 2
    assert "Ada Analytics, Sofia BG-1" in text(more)
    assert "Total €25.20" in text(more)
    less = browser.act(
        "/invoices/new", "/invoices/draft", **draft(organization, LINE, LINE | {"description": "Other"}, remove="0")
    )
    assert 'value="Other"' in less.text
    assert 'value="Work"' not in less.text
    known = issue(browser, organization, key="form-2", clientId="1", **dict.fromkeys(CLIENT, ""))
    assert known.status_code == 303
    assert chain.value("SELECT count(DISTINCT client_id) FROM invoices") == 1


def test_the_list_finds_by_number_client_day_and_what_is_due(organization: Tenant, other_organization: Tenant) -> None:
    browser = logged_in(organization.id)
    issue(browser, organization)
    issue(
        browser,
        organization,
        key="form-2",
        **CLIENT | {"client.name": "Grace", "client.taxId": "BG-2", "client.email": ""},
    )
    browser.act("/invoices/1", "/invoices/1/payments", amount="25.20", type="payment", key="form-3")

    def found(query: str) -> list[str]:
        return re.findall(">(INV-[0-9]+)</a>", browser.get(f"/invoices?{query}").text)

    both, first, second = ["INV-000002", "INV-000001"], ["INV-000001"], ["INV-000002"]
    assert [found(q) for q in ("", "q=ada", "q=INV-000002", "q=BG2", "client=1")] == [
        both,
        first,
        second,
        second,
        first,
    ]
    assert [found(q) for q in ("status=due", "from=2999-01-01", "to=2999-01-01", "from=x", "supplier=99")] == [
        second,
        [],
        both,
        both,
        [],
    ]
    assert "something is due" in browser.get("/invoices").text
    stranger = logged_in(other_organization.id)
    assert "No invoice was issued yet." in stranger.get("/invoices").text
    for path in ("/invoices/1", "/invoices/1/pdf", "/invoices/1/xml", "/invoices/new?clientId=1"):
        assert stranger.get(path).status_code == 404, path


def test_payments_are_recorded_once_and_a_refund_gives_back(organization: Tenant) -> None:
    browser = logged_in(organization.id, "clerk")
    issue(browser, organization)
    page = browser.get("/invoices/1").text
    assert 'name="amount" type="text" value="25.2"' in page
    for _ in range(2):
        assert browser.act("/invoices/1", "/invoices/1/payments", amount="10", key="form-3").status_code == 303
    assert chain.rows("SELECT amount FROM invoice_payments") == [(10,)]
    assert "Due €15.20" in text(browser.get("/invoices/1"))
    refused = browser.act("/invoices/1", "/invoices/1/payments", amount="11", type="refund", key="form-4")
    assert (refused.status_code, "no more than the 10" in refused.text) == (409, True)
    assert '<details class="card" open>' in refused.text


def test_an_accountant_credits_lines_and_then_the_rest_once(organization: Tenant) -> None:
    browser = logged_in(organization.id, "accountant")
    issue(browser, organization)
    part = {"reason": "Broken", "quantity-1": "0.5", "key": "form-3"}
    for _ in range(2):
        made = browser.act("/invoices/1", "/invoices/1/credit", **part)
        assert made.headers["Location"] == f"{PATH}/invoices/2?told=credited"
    assert "Credit note CN-000001" in text(browser.get("/invoices/2"))
    assert "1.5 are left." in text(browser.get("/invoices/1"))
    too_much = browser.act("/invoices/1", "/invoices/1/credit", **part | {"quantity-1": "1.6", "key": "form-4"})
    assert too_much.status_code == 409
    assert browser.act("/invoices/1", "/invoices/1/credit", reason="All", key="form-5").status_code == 303
    assert "Invoice INV-000001 credited" in text(browser.get("/invoices/1"))
    assert count() == 3
    assert logged_in(organization.id, "clerk").get("/invoices/1").text.count("/credit") == 0


def test_a_credit_note_asks_for_the_password_once_more(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    issue(browser, organization)
    chain.ask("UPDATE user_sessions SET confirmed_at = confirmed_at - interval '11 minutes'")
    assert browser.act("/invoices/1", "/invoices/1/credit", reason="All").status_code == 403
    assert count() == 1


def test_an_invoice_is_sent_to_those_whom_the_form_names(organization: Tenant, settings_return: None) -> None:
    browser = logged_in(organization.id, "clerk")
    issue(browser, organization)
    assert "This installation sends no mail" in browser.get("/invoices/1").text
    configure(mail_from="billing@example.com", smtp_url="smtp://localhost")
    assert 'value="ada@example.com"' in browser.get("/invoices/1").text
    for _ in range(2):
        sent = browser.act("/invoices/1", "/invoices/1/send", to="a@example.com, b@example.com", key="form-3")
        assert sent.headers["Location"] == f"{PATH}/mails/1?told=sent"
    assert '<a href="/console/invoices/1">INV-000001</a>' in browser.get("/mails/1").text
    [(recipients,)] = chain.rows("SELECT recipients FROM mails")
    assert [one["address"] for one in recipients] == ["a@example.com", "b@example.com"]
    wrong = browser.act("/invoices/1", "/invoices/1/send", to="nobody", key="form-4")
    assert (wrong.status_code, "Recipients must be an address" in text(wrong)) == (400, True)


def test_the_pages_are_shown_within_our_own_and_nowhere_else(organization: Tenant) -> None:
    browser = logged_in(organization.id, "viewer")
    issue(logged_in(organization.id, "clerk"), organization)
    pages = browser.get("/invoices/1/pdf")
    assert pages.data.startswith(b"%PDF")
    assert "frame-ancestors 'self'" in pages.headers["Content-Security-Policy"]
    assert pages.headers["Content-Disposition"] == 'inline; filename="INV-000001.pdf"'
    saved = browser.get("/invoices/1/pdf?save=1")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert "frame-ancestors 'none'" in browser.get("/invoices/1").headers["Content-Security-Policy"]
    xml = browser.get("/invoices/1/xml?syntax=ubl")
    assert (xml.mimetype, b"INV-000001" in xml.data) == ("application/xml", True)

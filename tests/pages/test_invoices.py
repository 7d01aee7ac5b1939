"""A bookkeeper's day: an invoice is issued, shown, paid and credited, and the books are looked at."""

import re

from playwright.sync_api import expect

from tests import chain
from tests.pages.looks import check


def fill_line(page, number, description, quantity, price, rate):
    line = page.get_by_role("group", name=f"Line {number}")
    line.get_by_label("Description").fill(description)
    line.get_by_label("Quantity").fill(quantity)
    line.get_by_label("Unit price").fill(price)
    line.get_by_label("Tax in %").fill(rate)
    line.get_by_label("Tax in %").blur()


def test_an_invoice_from_the_form_to_the_credit_note(log_in, organization):
    page = log_in("accountant")
    page.get_by_role("link", name="Invoices").click()
    check(page)
    page.get_by_role("link", name="New invoice").click()
    client = page.get_by_role("group", name="Client")
    for label, value in (("Name", "Ada Analytics"), ("Street and number", "12 Engine Row"), ("City", "London"),
                         ("Country", "GB")):  # fmt: skip
        client.get_by_label(label, exact=True).fill(value)
    fill_line(page, 1, "Support", "2.5", "80", "20")
    expect(page.locator("#totals")).to_contain_text("€240.00")
    page.get_by_role("button", name="Add a line").click()
    expect(page.get_by_role("group", name="Line 2").get_by_label("Description")).to_be_focused()
    fill_line(page, 2, "Travel", "1", "100", "10")
    expect(page.locator("#totals")).to_contain_text("€350.00")
    check(page)
    page.get_by_role("button", name="Issue the invoice").click()
    expect(page.get_by_role("status")).to_have_text("The invoice is issued.")
    check(page, "invoice")
    page.get_by_text("Record a payment").click()
    page.get_by_label("Amount in EUR").fill("50")
    check(page, "invoice-payment")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("partly paid")
    page.get_by_text("Credit it").click()
    page.get_by_label("Reason").fill("Not travelled")
    page.get_by_label("2. Travel").fill("1")
    check(page, "invoice-credit")
    page.get_by_role("button", name="Issue the credit note").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Credit note CN-000001")
    page.get_by_role("link", name="INV-000001").click()
    expect(page.get_by_role("row", name="Due €190.00")).to_be_visible()
    page.goto("invoices")
    check(page, "invoices-two")


def test_a_wrong_invoice_says_where_it_is_wrong(log_in):
    page = log_in("clerk")
    page.goto("invoices/new")
    fill_line(page, 1, "Support", "many", "80", "20")
    page.get_by_role("button", name="Issue the invoice").click()
    expect(page.get_by_role("alert")).to_contain_text("client")
    page.get_by_role("group", name="Client").get_by_label("Name", exact=True).fill("Ada")
    page.get_by_role("button", name="Issue the invoice").click()
    expect(page.get_by_label("Quantity")).to_have_attribute("aria-invalid", "true")
    check(page, "invoice-wrong")


def test_a_known_client_is_found_while_its_name_is_typed(log_in, organization):
    chain.post(organization, chain.GENERATE, chain.body(organization.request("Grace")))
    page = log_in("clerk")
    page.goto("invoices/new")
    page.get_by_label("Find a client").press_sequentially("grac")
    page.get_by_label("Grace, Sofia").check()
    check(page, "invoice-new-client")
    fill_line(page, 1, "Support", "1", "10", "20")
    page.get_by_role("button", name="Issue the invoice").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("INV-000002")
    assert chain.value("SELECT count(*) FROM clients") == 1


def test_clients_and_suppliers(log_in, organization):
    chain.post(organization, chain.GENERATE, chain.body(organization.request("Grace")))
    page = log_in("owner")
    page.get_by_role("link", name="Clients").click()
    check(page)
    page.get_by_role("link", name="Grace").click()
    check(page)
    page.get_by_label("City").fill("Norfolk")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.get_by_role("link", name="New client").or_(page.get_by_role("link", name="Its invoices")).first.click()
    expect(page.get_by_role("link", name="INV-000001")).to_be_visible()
    page.get_by_role("link", name="Suppliers").click()
    check(page)
    page.get_by_role("link", name="Acme Ltd").click()
    page.get_by_text("Another series").click()
    check(page)
    page.get_by_label("Time zone").fill("Europe/Sofia")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")


def test_numbers_journal_and_trial_balance(log_in, organization):
    for name in ("Ada", "Grace"):
        chain.post(organization, chain.GENERATE, chain.body(organization.request(name)))
    chain.keep_books()
    page = log_in("accountant")
    page.get_by_role("link", name="Numbering").click()
    check(page)
    page.get_by_role("link", name="Check invoice of Acme Ltd").click()
    expect(page.get_by_text("No number is missing.")).to_be_visible()
    check(page)
    page.get_by_label("Number").fill("INV-000001")
    page.get_by_label("Hash").fill("00" * 32)
    page.get_by_role("button", name="Compare").click()
    check(page, "numbering-verified")
    page.get_by_role("link", name="Journal").click()
    check(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Make anew").first.click()
    page.wait_for_url(re.compile("/jobs/"))
    page.get_by_role("link", name="Trial balance").click()
    check(page)
    page.get_by_role("link", name="1100").click()
    expect(page.get_by_role("link", name=re.compile("invoice 1"))).to_be_visible()

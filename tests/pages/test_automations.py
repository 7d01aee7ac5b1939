"""Automations as those who keep them see them: drawn with and without scripts."""

from playwright.sync_api import Route, expect

from tests import bodies
from tests.browser import PASSWORD, person
from tests.caller import Caller
from tests.integration.automations.conftest import number, work
from tests.pages.looks import check


def test_an_automation_is_drawn_tested_and_acts(log_in, organization):
    client = Caller(organization.key)
    client.get("/api/v1/events")
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    number()
    page = log_in("owner")
    page.get_by_role("link", name="Automations").click()
    page.get_by_role("link", name="New automation").click()
    page.get_by_label("Name", exact=True).fill("Large invoices")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Field", exact=True).select_option("total")
    expect(page.get_by_label("How", exact=True).locator("option")).to_have_count(5)
    page.get_by_label("How", exact=True).select_option("atLeast")
    page.get_by_label("Value", exact=True).fill("20")
    page.get_by_label("text", exact=True).fill("Look at {{data.invoiceNumber}}")
    page.get_by_role("button", name="Add an action").click()
    page.get_by_label("Action 2", exact=True).select_option("send_mail")
    expect(page.get_by_label("subject", exact=True)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Large invoices")
    check(page)
    page.get_by_role("button", name="Take action 2 away").click()
    expect(page.get_by_label("subject", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Make the automation").click()
    page.get_by_role("link", name="Test it").click()
    page.get_by_role("link", name="Test with event 1").click()
    expect(page.get_by_role("status")).to_have_text("It would do its actions.")
    check(page, "automation-trial")
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    number()
    work()
    page.get_by_role("link", name="Back to the automation").click()
    expect(page.get_by_role("main")).to_contain_text("Look at INV-000002")
    check(page)
    page.goto("automations")
    check(page)


def test_what_is_changed_while_the_form_is_drawn_anew_stays(log_in):
    page = log_in("owner")
    page.goto("automations/new")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Value", exact=True).fill("1")

    def change_then_answer(route: Route) -> None:
        page.get_by_label("Name", exact=True).fill("Large invoices")
        page.get_by_label("Value", exact=True).fill("20")
        page.get_by_label("Name", exact=True).focus()
        route.continue_()

    page.route("**/automations/draw", change_then_answer, times=1)
    page.get_by_role("button", name="Add an action").click()
    expect(page.get_by_label("Action 2", exact=True)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Large invoices")
    expect(page.get_by_label("Value", exact=True)).to_have_value("20")


def test_an_automation_is_drawn_without_scripts(chromium, served, organization):
    with chromium.new_context(base_url=f"{served}/", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("login")
        page.get_by_label("E-mail address").fill(person(organization.id))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.goto("automations/new")
        page.get_by_label("Name", exact=True).fill("Bills")
        page.get_by_label("Event", exact=True).select_option("bill.failed")
        page.get_by_role("button", name="Show its fields").click()
        page.get_by_role("button", name="Add a condition").click()
        page.get_by_label("Field", exact=True).select_option("fileName")
        page.get_by_label("Value", exact=True).fill("scan.pdf")
        page.get_by_label("text", exact=True).fill("Look at {{data.fileName}}")
        page.get_by_role("button", name="Make the automation").click()
        expect(page.get_by_role("main")).to_contain_text("fileName is scan.pdf")

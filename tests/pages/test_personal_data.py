"""What is kept of a person, in a browser: handed over as a file, and removed."""

import json
from pathlib import Path

from playwright.sync_api import expect

from tests import chain
from tests.pages.looks import check


def test_an_owner_hands_over_what_is_kept_of_a_client_and_removes_it(log_in, organization):
    chain.post(organization, chain.GENERATE, chain.body(organization.request("Grace")))
    chain.keep_books()
    page = log_in("owner")
    page.get_by_role("link", name="Clients").click()
    page.get_by_role("link", name="Grace").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export data").click()
    known = json.loads(Path(download.value.path()).read_text())
    assert (known["client"]["name"], known["invoices"][0]["invoiceNumber"]) == ("Grace", "INV-000001")

    page.get_by_role("link", name="Remove personal data").click()
    expect(page.get_by_role("heading", name="Remove what is kept of Grace")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="which the law has you keep")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Remove for good").click()
    expect(page.get_by_role("status")).to_have_text("The client's personal data is removed; its invoices stay.")
    expect(page.get_by_role("main")).not_to_contain_text("Grace")
    page.get_by_role("link", name="Invoices").click()
    expect(page.get_by_role("link", name="INV-000001")).to_be_visible()

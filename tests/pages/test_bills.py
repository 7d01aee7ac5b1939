"""Bills in a browser: dropped, read while one looks, reviewed beside their pages by the keyboard, approved."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from domain.files.spooling import MAX_FILE_BYTES
from tests import chain
from tests.integration.bills.papers import pdf, work
from tests.pages.looks import check

pytestmark = pytest.mark.usefixtures("storage_folder")
DROP = """([form, name, text]) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([Uint8Array.from(text, (c) => c.charCodeAt(0))], name));
    form.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
}"""


def drop(page: Page, name: str, data: bytes) -> None:
    """Drop a file on the form."""
    form = page.locator(".drop").element_handle()
    page.evaluate(DROP, [form, name, data.decode("latin-1")])


def test_bills_are_dropped_read_reviewed_and_approved_by_the_keyboard(log_in, tmp_path: Path):
    page = log_in("accountant")
    page.get_by_role("link", name="Bills").click()
    check(page)
    sent: list[str] = []
    page.on("request", lambda one: one.method == "POST" and sent.append(one.url))
    (tmp_path / "huge.pdf").write_bytes(b"%PDF-1.4" + bytes(MAX_FILE_BYTES))
    (tmp_path / "first.pdf").write_bytes(pdf())
    page.get_by_label("Upload bills").set_input_files([tmp_path / "huge.pdf", tmp_path / "first.pdf"])
    page.get_by_role("button", name="Upload", exact=True).click()
    uploads = page.locator(".uploads li")
    expect(uploads.nth(0)).to_contain_text("huge.pdf: larger than 20 MB: not sent")
    expect(uploads.nth(1)).to_contain_text("first.pdf: sent")
    drop(page, "second.pdf", pdf(due="2026-12-24"))
    drop(page, "notes.txt", b"hello")
    expect(uploads.nth(2)).to_contain_text("second.pdf: sent")
    expect(uploads.nth(3)).to_contain_text("notes.txt: the file must be PDF")
    assert len(sent) == 3, "what is too large is not sent"
    check(page, "bills-uploaded")
    page.goto("bills/1")
    expect(page.get_by_text("It is being read.")).to_be_visible()
    page.evaluate("window.was = 'never reloaded'")
    work()
    expect(page.get_by_label("Invoice number")).to_have_value("2026-0117")
    assert page.evaluate("window.was") == "never reloaded"
    expect(page.get_by_alt_text(re.compile("Page 1 of first.pdf"))).to_be_visible()
    page.get_by_label("Total", exact=True).focus()
    expect(page.locator("rect.here")).to_have_attribute("data-box", "total")
    page.locator("rect[data-box=invoice_number]").click()
    expect(page.get_by_label("Invoice number")).to_be_focused()
    page.keyboard.press("Escape")
    page.evaluate("Promise.all([...document.images].map((one) => one.decode()))")
    check(page, "bill")
    by_keyboard(page)


def by_keyboard(page: Page) -> None:
    """Approve the first bill, and reject its double, with no mouse."""
    page.keyboard.press("f")
    expect(page.get_by_label("Vendor")).to_be_focused()
    page.keyboard.type("Paper Mill & Sons aj")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.get_by_label("It is another invoice")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_have_text("Approved, and booked.")
    check(page, "bill-approved")
    page.keyboard.press("j")
    page.wait_for_url("**/bills/2")
    page.keyboard.press("r")
    page.keyboard.type("twice")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Rejected.")
    assert chain.rows("SELECT status FROM bills ORDER BY id") == [("approved",), ("rejected",)]
    assert chain.value("SELECT fields->'supplier_name'->>'value' FROM bills WHERE id = 1") == "Paper Mill & Sons aj"
    page.keyboard.press("?")
    page.get_by_label("These keys are on").uncheck()
    page.goto("bills")
    page.keyboard.press("j")
    expect(page.locator("[data-stop]").first).not_to_be_focused()
    page.get_by_text("Keyboard").click()
    page.get_by_label("These keys are on").check()
    page.keyboard.press("j")
    expect(page.locator("[data-stop]").first).to_be_focused()

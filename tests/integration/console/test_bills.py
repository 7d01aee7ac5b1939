"""Bills in pages: uploaded, looked at beside their pages, put right, approved or rejected, and taken back."""

import io
import re
from html import escape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from console.app import PATH
from console.bills import MAX_FORM_BYTES
from db.transaction import transaction
from domain.bills import catalogue
from domain.files.spooling import MAX_FILE_BYTES
from tests import chain
from tests.browser import Browser, logged_in, text
from tests.integration.bills.papers import entries, pdf, work
from tests.storages import Place
from tests.tenant import Tenant

pytestmark = pytest.mark.usefixtures("storage_folder")
HOSTILE = '<img src=x onerror="alert(1)">'


def upload(browser: Browser, *files: bytes, name: str = "bill.pdf") -> TestResponse:
    sent = [(io.BytesIO(data), name) for data in files]
    return browser.post("/bills", {"csrf": browser.csrf("/bills"), "file": sent}, content_type="multipart/form-data")


def received(browser: Browser, data: bytes | None = None, name: str = "bill.pdf") -> str:
    """Upload a file and have it read; return the address of its page."""
    answer = upload(browser, pdf() if data is None else data, name=name)
    assert answer.status_code == 303, text(answer)
    work()
    return answer.headers["Location"].removeprefix(PATH).partition("?")[0]


def form(browser: Browser, page: str, **changes: str) -> dict[str, Any]:
    """Return the form of a bill as the page has it, with `changes`."""
    shown = browser.get(page).text
    held = dict(re.findall(r'<input type="hidden" name="(was\.\w+)" value="([^"]*)">', shown))
    filled = {name.removeprefix("was."): value for name, value in held.items()}
    return held | filled | changes


def test_a_bill_is_uploaded_read_shown_and_approved(organization: Tenant) -> None:
    browser = logged_in(organization.id, "accountant")
    answer = upload(browser, pdf())
    assert answer.headers["Location"] == f"{PATH}/bills/1?told=uploaded"
    page = browser.get("/bills/1")
    assert "It is being read." in text(page)
    assert f'data-live="{PATH}/live/jobs/' in page.text
    work()
    page = browser.get("/bills/1").text
    assert "data-live" not in page
    assert 'name="total" data-field="total" value="120.00"' in page
    assert re.search(r'<rect data-box="total" x="0\.\d+" y="0\.\d+" width="0\.\d+" height="0\.\d+"/>', page)
    picture = browser.get("/bills/1/pages/1.png")
    assert (picture.mimetype, picture.data[:4]) == ("image/png", b"\x89PNG")
    done = browser.act("/bills/1", "/bills/1/approve", **form(browser, "/bills/1"), accountCode="6400")
    assert done.headers["Location"] == f"{PATH}/bills/1?told=approved"
    assert entries(organization) == {"6400": 100, "1400": 20, "2000": -120}
    shown = browser.get("/bills/1")
    assert "No other bill waits for review." in text(shown)
    assert f"{PATH}/journal?type=bill&amp;id=1" in shown.text


def test_several_files_are_taken_without_a_script_and_a_wrong_one_keeps_none_out(organization: Tenant) -> None:
    browser = logged_in(organization.id, "clerk")
    two = upload(browser, pdf(), pdf(number="2026-0118"))
    assert two.headers["Location"] == f"{PATH}/bills?n=2&told=uploaded"
    wrong = upload(browser, b"hello", pdf(number="2026-0119"), b"", name="<b>x.pdf")
    assert wrong.status_code == 400
    assert "<b>x.pdf: the file must be PDF" in text(wrong)
    assert "<b>x.pdf: the file is empty" in text(wrong)
    assert "<b>" not in wrong.text
    assert chain.value("SELECT count(*) FROM bills") == 3
    assert "is required" in text(upload(browser))
    again = upload(browser, pdf())
    assert again.headers["Location"] == f"{PATH}/bills/1?told=here-already"


def test_what_is_too_large_is_refused(organization: Tenant, storage_folder: Place) -> None:
    browser = logged_in(organization.id)
    too_large = b"%PDF-1.4" + bytes(MAX_FILE_BYTES)
    refused = upload(browser, too_large, pdf())
    assert (refused.status_code, "must not be larger than 20 MB" in text(refused)) == (400, True)
    assert chain.value("SELECT count(*) FROM bills") == 1
    announced = {"environ_overrides": {"CONTENT_LENGTH": str(MAX_FORM_BYTES + 1)}}
    assert browser.post("/bills", {"csrf": "x"}, **announced).status_code == 413


def test_only_what_was_changed_is_put_right(organization: Tenant) -> None:
    browser = logged_in(organization.id, "clerk")
    page = received(browser)
    first = form(browser, page)
    second = first | {"invoice_number": "X-9", "supplier_tax_id": "", "due_date": ""}
    assert browser.act(page, f"{page}/fields", **second).status_code == 303
    assert browser.act(page, f"{page}/fields", **first | {"supplier_name": "Mill"}).status_code == 303
    fields = chain.value("SELECT fields FROM bills")
    said = {name: (fields[name]["value"], fields[name]["origin"]) for name in ("invoice_number", "due_date", "total")}
    assert said == {"invoice_number": ("X-9", "person"), "due_date": (None, "person"), "total": ("120.00", "text")}


def test_amounts_rates_and_lines_are_put_right_as_the_language_writes_them(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    page = received(browser)
    german = {"headers": {"Accept-Language": "de"}}
    shown = browser.get(page, **german).text
    assert "Envelopes\t5\t10" in shown, re.findall("(?s)<textarea.*?<.textarea>", shown)
    changed = {
        "total": "1.120,50", "was.total": "120,00", "taxes": "20;933,75;186,75", "was.taxes": "",
        "lines": "Tea; black\t1,5\t3,10\t20 %\t4,65", "was.lines": "",
    }  # fmt: skip
    put = browser.post(f"{page}/fields", {"csrf": browser.csrf("/account"), **changed}, **german)
    assert put.status_code == 303, text(put)
    fields = chain.value("SELECT fields FROM bills")
    assert fields["total"]["value"] == "1120.5"
    assert fields["taxes"]["value"] == [{"rate": "0.2", "base": "933.75", "tax": "186.75"}]
    assert fields["lines"]["value"] == [
        {"description": "Tea; black", "quantity": "1.5", "unit_price": "3.1", "tax_rate": "0.2", "total": "4.65"}
    ]
    assert 'value="1120,5"' in browser.get(page, **german).text


def test_what_is_put_in_wrong_is_named_and_kept(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    page = received(browser)
    wrong = form(browser, page, iban="DE00", total="lots")
    refused = browser.act(page, f"{page}/approve", **wrong)
    assert refused.status_code == 400
    assert "must be an IBAN" in text(refused)
    assert 'value="lots"' in refused.text
    assert chain.value("SELECT status FROM bills") == "needs_review"


def test_approval_of_a_duplicate_asks_for_confirmation(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    received(browser)
    twin = received(browser, pdf(due="2026-12-24"))
    shown = text(browser.get(twin))
    assert "It looks like another bill: Bill 1" in shown
    assert "has the same supplier and number" in shown
    refused = browser.act(twin, f"{twin}/approve", **form(browser, twin, iban=""))
    assert (refused.status_code, "it looks like bill 1" in text(refused)) == (409, True)
    assert chain.rows("SELECT DISTINCT status FROM bills") == [("needs_review",)]
    assert browser.act(twin, f"{twin}/approve", **form(browser, twin), confirmDuplicate="1").status_code == 303
    assert "Next bill to review" in text(browser.get(twin))


def test_a_bill_is_rejected_for_a_reason_reopened_and_read_again(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    page = received(browser)
    assert browser.act(page, f"{page}/reject", reason=" ").status_code == 400
    assert 'name="total" data-field="total" value="120.00"' in browser.act(page, f"{page}/reject", reason="").text
    browser.act(page, f"{page}/reject", reason=HOSTILE)
    shown = browser.get(page)
    assert escape(HOSTILE) in shown.text.replace("&#34;", "&quot;")
    assert "/approve" not in shown.text
    browser.act(page, f"{page}/reopen")
    assert browser.act(page, f"{page}/reprocess").status_code == 303
    assert chain.value("SELECT status FROM bills") == "received"


def test_the_list_has_each_status_with_its_number(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    received(browser)
    received(browser, pdf(number="2"))
    upload(browser, pdf(number="3"))
    shown = text(browser.get("/bills"))
    assert "received 1" in shown
    assert "needs review 2" in shown
    assert browser.get("/bills?status=needs_review").text.count("data-stop") == 2
    assert "No bill is in this state." in text(browser.get("/bills?status=rejected"))
    chain.ask("UPDATE bills SET status = 'error'")
    chain.ask("""INSERT INTO files (organization_id, sha256, size, media_type, write_id)
        SELECT organization_id, sha256(n::text::bytea), size, media_type, -n
        FROM (SELECT * FROM files LIMIT 1) AS file, generate_series(1, 120) AS n""")
    chain.ask("""INSERT INTO bills (organization_id, sha256, file_name, source, status)
        SELECT organization_id, sha256, 'x', 'upload', 'error' FROM files WHERE write_id < 0""")
    assert "error 99+" in text(browser.get("/bills"))
    with transaction() as session:
        assert catalogue.counts(session, organization.id, 5) == {"error": 5}


def test_what_strangers_send_is_text_and_nothing_else(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    page = received(browser, pdf(seller=escape(f"{HOSTILE} Ltd"), number=escape('"><b>9')), name=f"{HOSTILE}.pdf")
    for path in ("/bills", page):
        shown = browser.get(path).text
        assert "<img src=x" not in shown
        assert '"><b>' not in shown
        assert "onerror" in shown, "it is there as text"
    answer = browser.get(f"{page}/file")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_who_may_not_is_refused_and_bills_of_others_are_not_there(
    organization: Tenant, other_organization: Tenant
) -> None:
    page = received(logged_in(organization.id))
    clerk, viewer = logged_in(organization.id, "clerk"), logged_in(organization.id, "viewer")
    stranger = logged_in(other_organization.id)
    assert "/approve" not in clerk.get(page).text
    assert clerk.act("/account", f"{page}/approve").status_code == 403
    assert "drop" not in viewer.get("/bills").text
    assert "<button>Save" not in viewer.get(page).text
    for path in (page, f"{page}/file", f"{page}/pages/1.png"):
        assert stranger.get(path).status_code == 404, path
    for act in ("fields", "approve", "reopen", "reprocess"):
        assert stranger.act("/account", f"{page}/{act}", total="1").status_code == 404, act
    assert stranger.act("/account", f"{page}/reject", reason="no").status_code == 404

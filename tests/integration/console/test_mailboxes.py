"""Mailboxes and mails on their pages: credentials never shown again, and why no bill came of a mail."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import encryption, master_keys
from tests import chain
from tests.browser import Browser, logged_in, text
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.gateways.authority import Authority
from tests.integration.mail.relays import relaying
from tests.integration.mailboxes.box import read_all
from tests.integration.mailboxes.letters import bill, letter
from tests.integration.mailboxes.servers import PASSWORD, USER, Imap, serving_imap
from tests.storages import Place
from tests.tenant import Tenant

SEND = "mail.send"


@pytest.fixture(autouse=True)
def loopback_may_be_read(database: str, storage_folder: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), mailbox_allowed_networks="127.0.0.0/8")


@pytest.fixture
def imap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imap]:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    with serving_imap(made.serving("localhost")) as server:
        yield server


def form(number: int, **changes: str) -> dict[str, str]:
    return {
        "name": "Bills", "host": "localhost", "port": str(number), "security": "tls", "user": USER,
        "mailboxPassword": PASSWORD, "folder": "INBOX", "everyMinutes": "15", "after": "keep", "enabled": "1",
        **changes,
    }  # fmt: skip


def create(browser: Browser, port: int, **changes: str) -> None:
    answer = browser.act("/mailboxes/new", "/mailboxes", **form(port, **changes))
    assert answer.status_code == 303, text(answer)


def test_a_mailbox_is_made_and_what_lets_us_in_is_never_shown_again(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    wanted = {"filter.from": "a@x.example\n@y.example", "filter.subject": "Bill"}
    create(browser, 993, after="move:", afterFolder="Read", **wanted)
    row = "SELECT filter, after, auth FROM mailboxes"
    kept = {"from": ["a@x.example", "@y.example"], "subject": "Bill", "has_attachment": False}
    assert chain.rows(row) == [(kept, "move:Read", "password")]
    for path in ("/mailboxes", "/mailboxes/1", "/mailboxes/1/edit"):
        assert "sword" not in re.sub("[Pp]assword", "", browser.get(path).text), path
    before = chain.value("SELECT credentials FROM mailboxes")
    answer = browser.act("/mailboxes/1/edit", "/mailboxes/1", **form(993, mailboxPassword="", name="Others"))
    assert answer.status_code == 303
    assert chain.rows("SELECT name, credentials FROM mailboxes") == [("Others", before)]
    elsewhere = browser.act("/mailboxes/1/edit", "/mailboxes/1", **form(993, mailboxPassword="", user="b@example.com"))
    assert elsewhere.status_code == 400
    assert re.search('id="mailboxPassword"[^>]* aria-invalid="true"', elsewhere.text)
    oauth = {"oauth.tokenUrl": "https://example.com/token", "oauth.clientId": "4711", "oauth.refreshToken": "r-12345"}
    changed = browser.act("/mailboxes/1/edit", "/mailboxes/1", **form(993, mailboxPassword="", **oauth))
    assert (changed.status_code, chain.value("SELECT auth FROM mailboxes")) == (303, "oauth")
    assert "r-12345" not in browser.get("/mailboxes/1/edit").text


def test_what_is_wrong_is_said_at_its_field(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    refused = browser.act("/mailboxes/new", "/mailboxes", **form(993, everyMinutes="often", port="x"))
    assert (refused.status_code, 'value="often"' in refused.text) == (400, True)
    assert "Every so many minutes must be a whole number" in text(refused)
    refused = browser.act("/mailboxes/new", "/mailboxes", **form(993, mailboxPassword=""))
    assert "password is required, or oauth" in text(refused)


def test_a_test_says_what_would_come_of_each_mail_and_imports_nothing(organization: Tenant, imap: Imap) -> None:
    imap.folders["INBOX"].add(bill(1), letter())
    browser = logged_in(organization.id)
    create(browser, imap.port, enabled="", **{"filter.subject": "Bill 1"})
    tried = text(browser.act("/mailboxes/1", "/mailboxes/1/test"))
    assert "it has 2 mails" in tried
    assert "Bill 1 skipped it has no attachment" in tried, "as this server says"
    assert "Bill filtered its subject does not have: Bill 1" in tried
    assert chain.value("SELECT count(*) FROM mailbox_mails") == 0
    browser.act("/mailboxes/1/edit", "/mailboxes/1", **form(imap.port, mailboxPassword="wrong"))
    assert "does not let bills@example.com in" in text(browser.act("/mailboxes/1", "/mailboxes/1/test"))


def test_reading_leads_to_its_job_and_each_mail_says_what_came_of_it(organization: Tenant, imap: Imap) -> None:
    imap.folders["INBOX"].add(bill(1), letter(subject="Hello", message_id="<h@x>"))
    browser = logged_in(organization.id)
    create(browser, imap.port)
    synced = browser.act("/mailboxes/1", "/mailboxes/1/sync")
    assert re.search("/console/jobs/[0-9]+\\?told=mailbox-read", synced.headers["Location"])
    read_all()
    shown = browser.get("/mailboxes/1")
    page = text(shown)
    assert re.search("bill.pdf: +bill 1", page)
    assert "/console/bills/1" in shown.text
    assert "Hello skipped it has no attachment" in page, "why there is no bill"
    assert "Hello" not in text(browser.get("/mailboxes/1?outcome=imported"))
    assert re.search("Bills bills@example.com in order .* 1 0 1 0", text(browser.get("/mailboxes")))
    chain.ask("UPDATE mailboxes SET last_error = 'all mails were read, but not moved'")
    assert re.search("Bills bills@example.com warning all mails were read", text(browser.get("/mailboxes")))
    assert browser.act("/mailboxes/1", "/mailboxes/1/delete").status_code == 303
    assert chain.rows("SELECT (SELECT count(*) FROM mailbox_mails), (SELECT count(*) FROM bills)") == [(0, 1)]


def test_a_mail_shows_what_the_relay_said_of_each_recipient_and_is_sent_again(
    client: Caller, organization: Tenant
) -> None:
    browser = logged_in(organization.id)
    assert "No mail was sent yet." in text(browser.get("/mails"))
    with relaying() as relay:
        configure(mail_from="billing@example.com", smtp_url=relay.url())
        relay.answers["ada@example.com"] = "550 no such user"
        sent = {"to": ["ada@example.com"], "subject": "Closed", "text": "on Friday"}
        assert client.post("/api/v1/mails", sent).status_code == 202
        chain.run_waiting(SEND)
        page = text(browser.get("/mails/1"))
        assert re.search("ada@example.com refused .* 550 no such user", page)
        assert "No mail matches." in browser.get("/mails?status=sent").text
        relay.answers.clear()
        assert browser.act("/mails/1", "/mails/1/retry").status_code == 303
        chain.run_waiting(SEND)
    assert "Closed sent" in text(browser.get("/mails/1"))
    assert "Send it" not in browser.get("/mails/1").text
    assert browser.act("/account", "/mails/1/retry").status_code == 409


def test_a_stranger_sees_no_mailbox_and_no_mail(
    client: Caller, organization: Tenant, other_organization: Tenant
) -> None:
    configure(mail_from="billing@example.com", smtp_url="smtp://127.0.0.1:1")
    browser = logged_in(organization.id)
    create(browser, 993, name="Secret box")
    client.post("/api/v1/mails", {"to": ["ada@example.com"], "subject": "Secret", "text": "x"})
    stranger = logged_in(other_organization.id)
    for path in ("/mailboxes/1", "/mailboxes/1/edit", "/mails/1"):
        assert browser.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 404, path
    for path in ("/mailboxes/1", "/mailboxes/1/delete", "/mailboxes/1/test", "/mailboxes/1/sync", "/mails/1/retry"):
        assert stranger.act("/account", path, **form(993)).status_code == 404, path
    assert "Secret" not in stranger.get("/mailboxes").text + stranger.get("/mails").text

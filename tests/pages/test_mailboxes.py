"""Mailboxes and mails as those who keep them see them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from domain import encryption, master_keys
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.gateways.authority import Authority
from tests.integration.mail.relays import relaying
from tests.integration.mailboxes.box import read_all
from tests.integration.mailboxes.letters import bill, letter
from tests.integration.mailboxes.servers import PASSWORD, USER, Imap, serving_imap
from tests.pages.looks import check
from tests.storages import Place


@pytest.fixture
def imap(database: str, storage_folder: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imap]:
    """A server with two mails; attachments are kept in a folder."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), mailbox_allowed_networks="127.0.0.0/8")
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    with serving_imap(made.serving("localhost")) as server:
        server.folders["INBOX"].add(bill(1), letter(subject="Hello", message_id="<h@x>"))
        yield server


def test_a_mailbox_is_made_tested_and_read(log_in, imap):
    page = log_in("owner")
    page.get_by_role("link", name="Mailboxes").click()
    page.get_by_role("link", name="New mailbox").click()
    page.get_by_label("Name").fill("Bills")
    page.get_by_label("Server").fill("localhost")
    page.get_by_label("Port").fill(str(imap.port))
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password of the mailbox").fill(PASSWORD)
    page.get_by_text("Or OAuth instead of a password").click()
    check(page)
    page.get_by_role("button", name="Make the mailbox").click()
    page.get_by_role("button", name="Test it").click()
    expect(page.get_by_role("status")).to_contain_text("it has 2 mails")
    check(page, "mailbox-trial")
    page.get_by_role("link", name="Back to the mailbox").click()
    page.get_by_role("button", name="Read it now").click()
    expect(page.get_by_role("status")).to_contain_text("this job does it")
    read_all()
    page.goto("mailboxes/1")
    expect(page.get_by_role("row", name="Hello")).to_contain_text("it has no attachment")
    check(page)
    page.goto("mailboxes")
    check(page)
    page.goto("mailboxes/1")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("The mailbox is deleted")


def test_a_refused_mail_is_seen_and_sent_again(log_in, organization, monkeypatch):
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    with relaying() as relay:
        configure(master_keys=master_keys.new_key(), mail_from="billing@example.com", smtp_url=relay.url())
        relay.answers["ada@example.com"] = "550 no such user"
        sent = {"to": ["ada@example.com", "bob@example.com"], "subject": "Closed on Friday", "text": "x"}
        Caller(organization.key).post("/api/v1/mails", sent)
        chain.run_waiting("mail.send")
        page = log_in("clerk")
        page.get_by_role("link", name="Mails").click()
        check(page)
        page.get_by_role("row", name="Closed on Friday").get_by_role("link").click()
        expect(page.get_by_role("row", name="ada@example.com")).to_contain_text("550 no such user")
        check(page)
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_role("status")).to_contain_text("It is on its way.")

"""Mailboxes over the API: what lets us in stays a secret, and a dry run says what would come of the last mails."""

from collections.abc import Callable

import pytest

from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.mailboxes.box import PATH, Box, body
from tests.integration.mailboxes.letters import attached, bill, letter
from tests.integration.mailboxes.servers import PASSWORD, USER, FolderOfMails, Imap

Make = Callable[..., Box]
OAUTH = {
    "tokenUrl": "https://localhost/token", "clientId": "4711", "clientSecret": "hush-hush", "refreshToken": "1//09abc",
}  # fmt: skip


def test_a_mailbox_has_what_was_asked_for_and_hides_what_lets_us_in(client: Caller, imap: Imap) -> None:
    for secret in ({"password": PASSWORD}, {"password": None, "oauth": OAUTH}):
        answer = client.post(PATH, body(imap.port, filter={"from": ["@x.example"]}, after="move:Done", **secret))
        assert answer.status_code == 201, answer.json
        shown = client.get(answer.headers["Location"])
        assert shown.json == answer.json
        assert (shown.json["auth"], shown.json["user"]) == ("oauth" if "oauth" in secret else "password", USER)
        assert shown.json["filter"] == {"from": ["@x.example"], "subject": None, "hasAttachment": False}
        listed = client.get(PATH).get_data(as_text=True) + shown.get_data(as_text=True)
        kept = str(chain.rows("SELECT CAST(m AS text) FROM mailboxes AS m"))
        for hidden in (PASSWORD, "hush-hush", "1//09abc"):
            assert hidden not in listed
            assert hidden not in kept
            assert hidden.encode().hex() not in kept


def test_credentials_stay_unless_they_would_be_sent_elsewhere(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1))
    assert made.change(password=None, name="Renamed").json["name"] == "Renamed"
    assert made.sync()["counts"]["imported"] == 1
    for elsewhere in ({"host": "imap.example.com", "port": 993}, {"port": imap.port + 1}, {"user": "other"}):
        answer = made.change(password=None, **elsewhere)
        assert (answer.status_code, list(answer.json["errors"])) == (400, ["password"])
    assert made.change(user="other").status_code == 200


def test_only_an_enabled_mailbox_says_when_it_is_read_next(box: Make) -> None:
    made = box()
    assert made.change(enabled=False).json["nextSyncAt"] is None
    assert made.now()["nextSyncAt"] is None
    assert made.change(enabled=True).json["nextSyncAt"] is not None


def test_another_folder_is_read_from_its_first_mail_on(box: Make, imap: Imap) -> None:
    made = box()
    imap.inbox.add(bill(1), bill(2))
    made.sync()
    imap.folders["Other"] = FolderOfMails()  # of the same UIDVALIDITY, and with the same UIDs
    imap.folders["Other"].add(bill(3), bill(1))
    assert made.change(folder="Other").json["lastUid"] == 0
    made.sync()
    assert made.outcomes() == ["imported", "imported", "imported", "skipped"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": None}, "password"),
        ({"oauth": OAUTH}, "oauth"),
        ({"password": None, "oauth": OAUTH | {"tokenUrl": "http://localhost/token"}}, "oauth.tokenUrl"),
        ({"password": None, "oauth": OAUTH | {"tokenUrl": "https://10.0.0.1/token"}}, "oauth.tokenUrl"),
        ({"host": "10.0.0.1"}, "host"),
        ({"host": "no host"}, "host"),
        ({"after": "delete"}, "after"),
        ({"after": "move:"}, "after"),
        ({"after": "move:INBOX"}, "after"),
        ({"after": "move:inbox"}, "after"),
        ({"user": "a\r\nA1 LOGOUT"}, "user"),
        ({"folder": "INBOX\r\nA1 LOGOUT"}, "folder"),
        ({"everyMinutes": 0}, "everyMinutes"),
        ({"security": "none"}, "security"),
        ({"filter": {"hasAttachments": True}}, "filter.hasAttachments"),
    ],
)
def test_what_cannot_be_a_mailbox_is_refused_by_name(client: Caller, imap: Imap, change: dict, field: str) -> None:
    configure(webhook_allow_http=1)
    answer = client.post(PATH, body(imap.port, **change))
    assert (answer.status_code, list(answer.json["errors"])) == (400, [field]), answer.json


def test_a_folder_may_have_the_name_of_what_is_done_with_mails(box: Make) -> None:
    assert [box(folder=name, after=name).now()["folder"] for name in ("keep", "seen")] == ["keep", "seen"]


def test_a_mailbox_that_is_disabled_is_not_read_when_it_is_asked_for(box: Make, client: Caller) -> None:
    answer = client.post(f"{box(enabled=False).path}/sync")
    assert (answer.status_code, answer.json["detail"]) == (409, "the mailbox is disabled: enable it first")
    assert chain.value("SELECT count(*) FROM jobs") == 0


def test_without_a_master_key_no_mailbox_is_made(client: Caller, imap: Imap) -> None:
    configure(master_keys="")
    assert client.post(PATH, body(imap.port)).status_code == 409


def test_the_mails_of_a_mailbox_are_listed_by_what_came_of_them(box: Make, imap: Imap, client: Caller) -> None:
    made = box()
    imap.inbox.add(bill(1), letter(), bill(2))
    made.sync()
    page = client.get(f"{made.path}/mails?limit=2")
    assert [mail["subject"] for mail in page.json] == ["Bill 2", "Bill"]
    rest = client.get(page.headers["Link"].partition(">")[0].strip("<"))
    assert [mail["subject"] for mail in rest.json] == ["Bill 1"]
    assert len(made.mails("?outcome=imported")) == 2
    assert [mail["reason"] for mail in made.mails("?outcome=skipped")] == ["it has no attachment"]
    assert client.delete(made.path).status_code == 204
    assert client.get(f"{made.path}/mails").status_code == 404
    assert chain.value("SELECT count(*) FROM mailbox_mails") == 0


def test_a_dry_run_says_what_would_come_of_the_last_mails_and_changes_nothing(
    box: Make, imap: Imap, client: Caller
) -> None:
    made = box(filter={"from": ["shop@"]}, after="seen")
    imap.inbox.add(*map(bill, range(60)))
    imap.inbox.add(letter(attached(), sender="a@b.c"))
    tried = client.post(f"{made.path}/test").json
    assert (tried["connected"], tried["error"], tried["mailsInFolder"]) == (True, None, 61)
    assert len(tried["mails"]) == 50
    newest = tried["mails"][0]
    assert (newest["uid"], newest["outcome"], newest["reason"]) == (
        61,
        "filtered",
        "its sender's address has none of: shop@",
    )
    assert (newest["from"], newest["date"]) == ("a@b.c", "2026-01-31T09:00:00Z")
    # This server calls every mail a text.
    assert {mail["reason"] for mail in tried["mails"][1:]} == {"it has no attachment"}
    assert imap.contents() == [], "a dry run loaded a mail"
    assert (chain.value("SELECT count(*) FROM mailbox_mails"), imap.inbox.flags[60]) == (0, set())
    imap.inbox.mails = {61: imap.inbox.mails[61]}
    made.sync()
    assert client.post(f"{made.path}/test").json["mails"][0]["reason"] == "it was read already"


def test_a_dry_run_that_cannot_connect_says_why(box: Make, client: Caller) -> None:
    tried = client.post(f"{box(password='wrong').path}/test").json
    assert (tried["connected"], tried["mails"]) == (False, [])
    assert "does not let bills@example.com in" in tried["error"]


def test_a_dry_run_says_that_mails_cannot_be_moved_before_any_is(box: Make, imap: Imap, client: Caller) -> None:
    made = box(after="move:Read bills")
    imap.inbox.add(bill(1))
    tried = client.post(f"{made.path}/test").json
    assert tried["error"] == "mails cannot be moved: the server has no folder Read bills"
    assert (tried["connected"], len(tried["mails"])) == (True, 1)
    imap.folders["Read bills"] = FolderOfMails()
    assert client.post(f"{made.path}/test").json["error"] is None


def test_a_password_that_cannot_be_decrypted_is_asked_for_again(box: Make, client: Caller) -> None:
    made = box()
    chain.ask("UPDATE mailboxes SET credentials = set_byte(credentials, 20, get_byte(credentials, 20) # 1)")
    tried = client.post(f"{made.path}/test")
    assert (tried.status_code, tried.json["connected"]) == (200, False), tried.json
    assert tried.json["error"].endswith(": give the password or tokens again")
    assert made.sync()["lastError"] == tried.json["error"]
    assert made.change().status_code == 200
    assert client.post(f"{made.path}/test").json["connected"]

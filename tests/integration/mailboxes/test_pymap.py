"""The same against an IMAP server of somebody else's, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests import chain
from tests.caller import Caller
from tests.integration.gateways.authority import Authority
from tests.integration.mailboxes.box import BILLS, Box
from tests.integration.mailboxes.letters import attached, bill, letter
from tests.integration.mailboxes.servers import pymap

FOLDER = "Bills"


@pytest.fixture
def port(authority: Authority, tmp_path: Path) -> Iterator[int]:
    authority.serving("localhost")
    with pymap(tmp_path / "localhost-130False.pem") as port:
        yield port


@pytest.fixture
def owner(port: int) -> Iterator[IMAPClient]:
    """Whoever has the mailbox, connected."""
    with IMAPClient("127.0.0.1", port, ssl=False) as client:
        client.login("demo", "demo")
        yield client


def refill(owner: IMAPClient, *mails: bytes) -> None:
    if owner.folder_exists(FOLDER):
        owner.delete_folder(FOLDER)
    owner.create_folder(FOLDER)
    for mail in mails:
        owner.append(FOLDER, mail)


def test_a_mailbox_is_read_marked_and_recognised_in_another_epoch(client: Caller, port: int, owner: IMAPClient) -> None:
    refill(owner, bill(1), letter(), bill(2))
    made = Box.create(
        client, port, user="demo", password="demo", security="starttls", folder=FOLDER, after="seen",
        filter={"hasAttachment": True},
    )  # fmt: skip
    tried = client.post(f"{made.path}/test").json
    assert [(mail["subject"], mail["outcome"]) for mail in tried["mails"]] == [
        ("Bill 2", "imported"), ("Bill", "filtered"), ("Bill 1", "imported"),
    ]  # fmt: skip
    assert [one["name"] for one in tried["mails"][0]["attachments"]] == ["bill.pdf"]
    shown = made.sync()
    assert (shown["lastError"], shown["counts"]["imported"], shown["counts"]["filtered"]) == (None, 2, 1)
    owner.select_folder(FOLDER)
    assert len(owner.search("SEEN")) == 2
    owner.unselect_folder() if owner.has_capability("UNSELECT") else owner.close_folder()
    refill(owner, bill(3), bill(1), letter(attached(), message_id="<x@y>"))
    again = made.sync()
    assert again["uidValidity"] != shown["uidValidity"]
    assert [mail["outcome"] for mail in made.mails()[3:]] == ["imported", "skipped", "imported"]
    assert chain.value(BILLS) == 4

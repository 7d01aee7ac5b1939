"""A folder of mail is opened at the holder of a trusted certificate, and its server is bounded in time and words."""

import base64
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from gateways import imap
from gateways.imap import Denied, Folder, Login, Trouble
from tests.conftest import configure
from tests.integration.gateways.authority import Authority
from tests.integration.gateways.receivers import Server, serving
from tests.integration.mailboxes.letters import bill
from tests.integration.mailboxes.servers import PASSWORD, TOKEN, USER, FolderOfMails, Imap, Session, serving_imap

LOGIN = Login(USER, password=PASSWORD)


@pytest.fixture(autouse=True)
def loopback_may_be_read() -> None:
    configure(mailbox_allowed_networks="127.0.0.0/8")


@pytest.fixture(params=["tls", "starttls"])
def server(request: pytest.FixtureRequest, authority: Authority) -> Iterator[tuple[Imap, Callable[..., Folder]]]:
    """A server with three mails, and a way to open a folder of it."""
    with serving_imap(authority.serving("localhost"), starttls=request.param == "starttls") as made:
        made.inbox.add(*map(bill, range(3)))

        def open_folder(login: Login = LOGIN, name: str = "INBOX") -> Folder:
            return imap.open_folder(imap.server("localhost", made.port, request.param), request.param, login, name)

        yield made, open_folder


@pytest.mark.parametrize("login", [LOGIN, Login(USER, token=TOKEN)], ids=["password", "token"])
def test_a_folder_is_read_without_changing_it(server, login: Login) -> None:
    made, open_folder = server
    folder = open_folder(login)
    assert (folder.uid_validity, folder.mails) == (1, 3)
    assert (folder.uids(0), folder.uids(2), folder.uids(3), folder.last_uids(2)) == ([1, 2, 3], [3], [], [2, 3])
    assert (folder.content(2, 10_000), folder.content(9, 10_000)) == (bill(1), None)
    assert (folder.size(2), folder.size(9)) == (len(bill(1)), None)
    assert folder.summary(1).head.startswith(b"From: Shop")
    assert "EXAMINE" in " ".join(made.asked)
    assert not any(made.inbox.flags.values())
    folder.close()


def test_mails_are_marked_and_moved(server) -> None:
    made, open_folder = server
    made.folders["Done"] = FolderOfMails()
    folder = open_folder()
    folder.mark_seen([1, 3, 9])
    folder.move([3], "Done")
    assert made.inbox.flags[1] == {"\\Seen"}
    assert ([*made.inbox.mails], [*made.folders["Done"].mails.values()]) == ([1, 2], [bill(2)])
    with pytest.raises(Trouble, match="no such folder"):
        folder.move([1], "Nowhere")


@pytest.mark.parametrize("login", [Login(USER, password="wrong"), Login(USER, token="wrong")])
def test_who_is_not_let_in_is_told_so_without_what_was_said(server, login: Login) -> None:
    _, open_folder = server
    with pytest.raises(Denied, match=f"does not let {USER} in") as denied:
        open_folder(login)
    assert "wrong" not in repr(login)
    assert "wrong" not in str(denied.value).replace("] wrong", "")


@pytest.mark.parametrize("login", [Login(USER, password="sesame-street"), Login(USER, token="sesame-street")])
def test_a_server_that_repeats_what_it_was_sent_tells_nobody(authority: Authority, login: Login) -> None:
    def repeat(_: Server, connection: socket.socket) -> None:
        connection.sendall(b"* OK ready\r\n")
        tag = connection.recv(1000).split()[0]
        connection.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2\r\n" + tag + b" OK done\r\n")
        tag = connection.recv(1000).split()[0]
        connection.sendall(b"+ \r\n")
        sent = connection.recv(1000).strip()
        connection.sendall(tag + b" NO not " + sent + b", that is " + base64.b64decode(sent) + b"\r\n")

    with serving(repeat, authority.serving("localhost")) as made, pytest.raises(Denied) as denied:
        imap.open_folder(imap.server("localhost", made.port, "tls"), "tls", login, "INBOX", 5.0)
    assert str(denied.value).count("[hidden]") == 2, denied.value
    assert "sesame" not in str(denied.value)


@pytest.mark.parametrize("asked", ["login", "authenticate", "examine", "search"])
def test_a_server_that_hangs_up_has_refused_nobody(server, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up(*_: object) -> str:
        raise EOFError

    made, open_folder = server
    login = LOGIN
    if asked == "login":
        made.capabilities, login = "IMAP4rev1", Login(USER, password="in ASCII")
    monkeypatch.setattr(Session, f"do_{asked}", hang_up)
    with pytest.raises(Trouble) as trouble:
        open_folder(login).uids(0)
    assert (type(trouble.value), str(trouble.value)) == (Trouble, "the server hung up")


def test_a_folder_that_is_not_there_is_named(server) -> None:
    _, open_folder = server
    with pytest.raises(Trouble, match=r"the folder Bills cannot be opened: .*there is no Bills"):
        open_folder(name="Bills")


@pytest.mark.parametrize(
    "says",
    [
        b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n",
        b"* 1 FETCH (UID 1 BODY[] {%d}\r\n" % (3 * 2**20) + bytes(3 * 2**20),
        b"* OK " + b"x" * 3_000_000 + b"\r\n",
        b"* OK x\r\n" * 200_000,
    ],
    ids=["a size beyond all", "more than was allowed", "a line without end", "lines without end"],
)
def test_a_server_that_says_too_much_is_left(server, says: bytes) -> None:
    made, open_folder = server

    def talk(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
        connection.sendall(says)
        return True

    made.fault = talk
    folder = open_folder()
    with pytest.raises(Trouble):
        folder.content(1, 100)


def test_a_server_that_drips_is_left_when_the_time_is_over(server) -> None:
    made, open_folder = server

    def drip(imap: Imap, connection: socket.socket, mail: bytes, uid: int) -> bool:
        connection.sendall(b"* 1 FETCH (UID 1 BODY[] {100}\r\n")
        while not imap.stopping.wait(0.05):
            connection.sendall(b"x")
        return True

    made.fault = drip
    folder, began = open_folder(), time.monotonic()
    with pytest.raises(Trouble, match=r"within 0\.5 s"):
        folder.content(1, 100, 0.5)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "greeting", [b"* BYE go away\r\n", b"HTTP/1.1 400 Bad\r\n\r\n", b"\x00\xff" * 100 + b"\r\n", b""]
)
def test_what_is_no_imap_is_a_word(authority: Authority, greeting: bytes) -> None:
    def greet(_: Server, connection: socket.socket) -> None:
        connection.sendall(greeting)

    with serving(greet, authority.serving("localhost")) as made, pytest.raises(Trouble):
        imap.open_folder(imap.server("localhost", made.port, "tls"), "tls", LOGIN, "INBOX", 2.0)


def test_a_search_that_answers_with_what_was_not_asked_is_looked_through_again(server, monkeypatch) -> None:
    _, open_folder = server
    folder = open_folder()
    monkeypatch.setattr(folder._client, "search", lambda criteria: [3, 1, 0, -5, 2**40, 3])
    assert folder.uids(2) == [3]
    folder.next_uid = imap.LAST_UID + 1  # a server that says no UIDNEXT
    assert folder.uids(2) == [3]


def test_uids_far_apart_are_found(server) -> None:
    made, open_folder = server
    made.inbox.mails[200_000] = bill(9)
    made.inbox.next_uid = 200_001
    assert open_folder().uids(3) == [200_000]


@pytest.mark.parametrize("name", ["EXISTS", "UIDVALIDITY", "UIDNEXT"])
def test_a_folder_with_numbers_that_nothing_can_keep_is_trouble(server, name: str, monkeypatch) -> None:
    say = Session._say

    def exaggerate(session: Session, line: bytes) -> None:
        say(session, re.sub(rb"[0-9]+(?= %b)|(?<=%b )[0-9]+" % (name.encode(), name.encode()), b"1" + b"0" * 30, line))

    _, open_folder = server
    monkeypatch.setattr(Session, "_say", exaggerate)
    with pytest.raises(Trouble, match=r"a number for [A-Z]+ that is none of IMAP"):
        open_folder()


def test_a_mail_of_a_size_that_nothing_can_keep_is_trouble(server) -> None:
    made, open_folder = server
    made.sizes[1] = 10**30
    for ask in (lambda folder: folder.size(1), lambda folder: folder.summary(1)):
        with pytest.raises(Trouble, match=r"RFC822.SIZE that is none of IMAP"):
            ask(open_folder())


@pytest.mark.parametrize("size", [b"9" * 30, b"-1"])
def test_a_part_of_a_size_that_nothing_can_keep_is_not_believed(server, size: bytes, monkeypatch) -> None:
    say = Session._say
    monkeypatch.setattr(
        Session, "_say", lambda session, line: say(session, line.replace(b'"7bit" 5', b'"7bit" ' + size))
    )
    _, open_folder = server
    assert open_folder().summary(1).parts is None

"""A mail goes to the holder of a trusted certificate or to nobody, and no relay holds its sender for long."""

import base64
import socket
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from gateways import smtp
from gateways.smtp import Unsent
from local.process import free_port
from settings import ConfigurationError
from tests.integration.gateways.authority import Authority
from tests.integration.gateways.receivers import Server, serving
from tests.integration.mail.relays import PASSWORD, USER, asking_for_password, relaying

MESSAGE = b"Subject: one\r\n\r\nHello\r\n.\r\nand on\r\n"
ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
NAME = "localhost"


def send(url: str, *recipients: str, seconds: float = 10.0) -> dict[str, int]:
    replies = smtp.send(smtp.relay(url), "shop@example.com", recipients or (ADA,), MESSAGE, seconds)
    return {one: reply.code for one, reply in replies.items()}


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_it_sends_to_the_holder_of_a_trusted_certificate_and_logs_in(scheme: str, authority: Authority) -> None:
    context = authority.serving(NAME)
    encryption = {"tls": context} if scheme == "smtps" else {"starttls": context}
    with relaying(**encryption, **asking_for_password()) as relay:
        assert send(relay.url(scheme, NAME, f"{USER}:{quote(PASSWORD, safe='')}@")) == {ADA: 250}
        with pytest.raises(Unsent, match=r"does not accept the user and password: 535"):
            send(relay.url(scheme, NAME, f"{USER}:wrong@"))
    [message] = relay.messages
    assert message.get_content().splitlines() == ["Hello", ".", "and on"]


def test_a_relay_that_repeats_the_password_tells_nobody(authority: Authority) -> None:
    def repeat(_: Server, connection: socket.socket) -> None:
        connection.sendall(b"220 ready\r\n")
        connection.recv(1000)
        connection.sendall(b"250-relay\r\n250 AUTH PLAIN\r\n")
        sent = connection.recv(1000).split()[-1]
        connection.sendall(b"535 not " + sent + b", that is " + base64.b64decode(sent) + b"\r\n")

    with serving(repeat, authority.serving(NAME)) as made, pytest.raises(Unsent) as unsent:
        send(f"smtps://{USER}:sesame-street@{NAME}:{made.port}")
    assert str(unsent.value).count("[hidden]") == 2, unsent.value
    assert "sesame" not in str(unsent.value)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_stranger_with_the_relays_address_gets_nothing(scheme: str, authority: Authority, tmp_path) -> None:
    (tmp_path / "other").mkdir()
    unknown = Authority(tmp_path / "other", "nobody").serving(NAME)
    for context, told in (
        (unknown, "issuer is not known|not trusted"),
        (authority.serving("elsewhere"), "not for localhost"),
    ):
        encryption = {"tls": context} if scheme == "smtps" else {"starttls": context}
        with relaying(**encryption) as relay, pytest.raises(Unsent, match=told):
            send(relay.url(scheme, NAME, f"{USER}:{quote(PASSWORD, safe='')}@"))
        assert relay.taken == []


def test_nothing_is_sent_where_starttls_was_taken_out_of_the_answer() -> None:
    with relaying() as relay, pytest.raises(Unsent, match="offers no STARTTLS: nothing is sent unencrypted"):
        send(relay.url("smtp+starttls", NAME, f"{USER}:{quote(PASSWORD, safe='')}@"))
    assert (relay.asked, relay.taken) == ([], [])


def test_each_recipient_has_an_answer_of_its_own() -> None:
    with relaying() as relay:
        relay.answers = {BOB: "550 5.1.1 no such user", EVE: "451 4.7.1 come again"}
        replies = smtp.send(smtp.relay(relay.url()), "shop@example.com", [ADA, BOB, EVE], MESSAGE)
    assert {one: (reply.taken, reply.refused) for one, reply in replies.items()} == {
        ADA: (True, False),
        BOB: (False, True),
        EVE: (False, False),
    }
    assert replies[BOB].text == "5.1.1 no such user"
    assert [recipients for recipients, _ in relay.taken] == [[ADA]]


@pytest.mark.parametrize("answer", ["554 5.7.1 spam", "452 4.3.1 no space"])
def test_what_is_said_of_the_message_is_said_of_all_who_were_taken(answer: str) -> None:
    with relaying() as relay:
        relay.final = answer
        assert send(relay.url(), ADA, BOB) == dict.fromkeys([ADA, BOB], int(answer[:3]))


def test_a_message_beyond_the_relays_size_is_not_begun() -> None:
    with relaying(data_size_limit=10) as relay:
        assert send(relay.url()) == {ADA: 552}
        assert relay.asked == []


def test_a_relay_that_hangs_up_after_the_message_leaves_it_unsure() -> None:
    with relaying() as relay:
        relay.hangs_up = True
        with pytest.raises(Unsent, match="closed the connection"):
            send(relay.url())
        assert len(relay.taken) == 1


def _silent(server: Server, connection: socket.socket) -> None:
    server.stopping.wait(10)


def _dripping(server: Server, connection: socket.socket) -> None:
    while not server.stopping.wait(0.05):
        connection.sendall(b"2")


def _talking(server: Server, connection: socket.socket) -> None:
    while not server.stopping.is_set():
        connection.sendall(b"220-welcome\r\n" * 1000)


def _greeting_badly(server: Server, connection: socket.socket) -> None:
    connection.sendall(b"554 5.3.2 go away\r\n")
    server.stopping.wait(10)


@pytest.mark.parametrize(
    ("behave", "told"),
    [
        (_silent, "within 0.5 s"),
        (_dripping, "within 0.5 s|not understood"),
        (_talking, "more than is read"),
        (_greeting_badly, "does not let us in: 554 5.3.2 go away"),
    ],
)
def test_no_relay_holds_its_sender_for_long(behave: Callable[..., None], told: str) -> None:
    began = time.monotonic()
    with serving(behave) as server, pytest.raises(Unsent, match=told):
        send(f"smtp://127.0.0.1:{server.port}", seconds=0.5)
    assert time.monotonic() - began < 3


def test_nobody_there_is_a_word_and_not_an_error() -> None:
    with pytest.raises(Unsent, match="connection refused"):
        send(f"smtp://127.0.0.1:{free_port()}")


def test_a_line_break_in_an_address_reaches_no_relay() -> None:
    with relaying() as relay, pytest.raises(Unsent, match="an address has white space"):
        send(relay.url(), "ada@example.com>\r\nRCPT TO:<eve@example.com")
    assert relay.asked == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://a.example", "must look like"),
        ("smtp://", "must look like"),
        ("smtps://host:x", "is not a URL"),
        ("smtps://host/path", "must look like"),
        ("smtps://user@host", "both a user and a password"),
        ("smtp://user:hidden-word@host", "others can read"),
    ],
)
def test_a_relay_that_cannot_be_one_is_refused_without_repeating_its_password(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as refused:
        smtp.relay(url)
    assert "COUNTERFOIL_SMTP_URL" in str(refused.value)
    assert "hidden-word" not in str(refused.value)


def test_a_relay_has_the_usual_port_and_shows_no_password() -> None:
    relays = [smtp.relay(f"{scheme}://u:p%40ss@h") for scheme in ("smtps", "smtp+starttls")] + [smtp.relay("smtp://h")]
    assert [one.port for one in relays] == [465, 587, 25]
    assert relays[0].password == "p@ss"
    assert "p@ss" not in repr(relays[0])

"""A mailbox lets us in by a password or a token, over a certificate; one that does not says why."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

import pytest

from domain.mailboxes import owing
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.gateways.authority import Authority
from tests.integration.gateways.receivers import Server, serving
from tests.integration.mailboxes.box import JOBS, Box
from tests.integration.mailboxes.letters import bill
from tests.integration.mailboxes.servers import PASSWORD, TOKEN, USER, Imap, serving_imap

Make = Callable[..., Box]


def tokens(status: int = 200, **answer: object) -> bytes:
    body = json.dumps(answer).encode()
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


@contextmanager
def token_server(context: ssl.SSLContext, *answers: bytes) -> Iterator[Server]:
    """Run a token address that gives one answer after the other, and the last one from then on."""

    def behave(server: Server, connection: socket.socket) -> None:
        server.take(connection)
        connection.sendall(answers[min(len(server.requests), len(answers)) - 1])

    with serving(behave, context) as server:
        yield server


def oauth(server: Server, **more: object) -> dict[str, object]:
    url = f"https://localhost:{server.port}/token"
    return {"tokenUrl": url, "clientId": "4711", "clientSecret": "hush-hush", "refreshToken": "first", **more}


def asked(server: Server) -> list[dict[str, str]]:
    """Return the forms that were posted."""
    return [
        {name: values[0] for name, values in parse_qs(request.partition(b"\r\n\r\n")[2].decode()).items()}
        for request in server.requests
    ]


def test_a_token_is_asked_for_and_used_until_it_ends(box: Make, imap: Imap, authority: Authority) -> None:
    imap.inbox.add(bill(1))
    with token_server(authority.serving("localhost"), tokens(access_token=TOKEN, expires_in=3600)) as server:
        made = box(password=None, oauth=oauth(server, scope="imap"))
        assert made.sync()["counts"]["imported"] == 1
        made.sync()
        assert asked(server) == [
            {
                "grant_type": "refresh_token", "refresh_token": "first", "client_id": "4711",
                "client_secret": "hush-hush", "scope": "imap",
            }
        ]  # fmt: skip
        chain.ask("UPDATE mailboxes SET access_token_until = clock_timestamp()")
        made.sync()
        assert len(asked(server)) == 2


@pytest.mark.parametrize("expires_in", ["9" * 5000, True, None, -1, "soon", 1e300, [60]])
def test_a_token_that_is_good_for_a_strange_time_is_used(
    box: Make, imap: Imap, authority: Authority, expires_in: object
) -> None:
    imap.inbox.add(bill(1))
    with token_server(authority.serving("localhost"), tokens(access_token=TOKEN, expires_in=expires_in)) as server:
        assert box(password=None, oauth=oauth(server)).sync()["counts"]["imported"] == 1


def test_a_refresh_token_that_is_good_once_is_followed_by_the_next(box: Make, imap: Imap, authority: Authority) -> None:
    answers = [tokens(access_token=TOKEN, refresh_token=name, expires_in=1) for name in ("second", "third")]
    with token_server(authority.serving("localhost"), *answers) as server:
        made = box(password=None, oauth=oauth(server))
        made.sync()
        made.sync()
        assert [form["refresh_token"] for form in asked(server)] == ["first", "second"]


def test_a_token_that_was_revoked_is_replaced_at_once(box: Make, imap: Imap, authority: Authority) -> None:
    answers = [tokens(access_token=TOKEN, expires_in=3600), tokens(access_token="newer", expires_in=3600)]
    with token_server(authority.serving("localhost"), *answers) as server:
        made = box(password=None, oauth=oauth(server))
        made.sync()
        imap.token = "newer"
        assert made.sync()["lastError"] is None
        assert len(asked(server)) == 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (tokens(400, error="invalid_grant", error_description="expired"), "refuses: invalid_grant: expired"),
        (
            tokens(400, error="invalid_grant", error_description="not first, nor hush-hush"),
            "not [hidden], nor [hidden]",
        ),
        (tokens(500), "answered 500, and no token"),
        (tokens(access_token="a\r\nb"), "answered 200, and no token"),
        (tokens(access_token=["x"]), "answered 200, and no token"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[[[[[", "answered 200, and no token"),
        (tokens(access_token="bad"), "does not let bills@example.com in"),
    ],
)
def test_without_a_token_that_is_good_it_is_said_why(
    box: Make, imap: Imap, authority: Authority, answer: bytes, told: str
) -> None:
    with token_server(authority.serving("localhost"), answer) as server:
        assert told in box(password=None, oauth=oauth(server)).sync()["lastError"]


def test_a_wrong_password_is_a_word_and_not_repeated(box: Make, imap: Imap) -> None:
    made = box(password="not-the-one")
    shown = made.sync()
    assert "does not let bills@example.com in" in shown["lastError"]
    assert chain.rows(JOBS) == [("FAILED", shown["lastError"])]
    assert "not-the-one" not in str(chain.rows("SELECT CAST(j AS text) FROM jobs AS j"))


def test_a_server_without_a_trusted_certificate_is_told_nothing(client: Caller, authority: Authority, tmp_path) -> None:
    (tmp_path / "other").mkdir()
    for starttls in (False, True):
        with serving_imap(Authority(tmp_path / "other", "nobody").serving("localhost"), starttls) as imap:
            made = Box.create(client, imap.port, security="starttls" if starttls else "tls")
            assert "certificate" in made.sync()["lastError"]
            assert not any("LOGIN" in line or "AUTHENTICATE" in line for line in imap.asked)


def test_starttls_is_used_and_nothing_is_said_where_it_was_taken_away(client: Caller, authority: Authority) -> None:
    with serving_imap(authority.serving("localhost"), starttls=True) as imap:
        imap.inbox.add(bill(1))
        made = Box.create(client, imap.port, security="starttls")
        assert made.sync()["counts"]["imported"] == 1

    def without(server: Server, connection) -> None:
        connection.sendall(b"* OK ready\r\n")
        tag = connection.recv(100).split()[0]
        connection.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
        server.requests.append(connection.recv(1000))

    with serving(without) as server:
        made = Box.create(client, server.port, security="starttls")
        assert made.sync()["lastError"] == "the server offers no STARTTLS: nothing is sent unencrypted"
        assert USER.encode() not in b"".join(server.requests)


def test_a_server_that_hangs_holds_nobody_for_long(client: Caller, authority: Authority) -> None:
    configure(task_timeout=2, http_timeout=1, direct_budget=1, statement_timeout=1, lock_timeout=1, lease=4)
    with serving(lambda server, _: server.stopping.wait(20), authority.serving("localhost")) as server:
        made = Box.create(client, server.port)
        assert "within 1 s" in made.sync()["lastError"]


def test_an_address_within_our_own_network_is_refused(client: Caller) -> None:
    configure(mailbox_allowed_networks="")
    for host in ("127.0.0.1", "10.0.0.1", "localhost", "169.254.169.254", "[::1]", "2130706433"):
        answer = client.post("/api/v1/mailboxes", {"name": "a", "host": host, "user": "u", "password": "p"})
        assert (answer.status_code, "is refused" in str(answer.json["errors"])) == (400, True), host
    answer = client.post(
        "/api/v1/mailboxes", {"name": "a", "host": "x.example", "port": 25, "user": "u", "password": "p"}
    )
    assert "the port 25 is not allowed" in str(answer.json["errors"]["host"])
    assert "COUNTERFOIL_MAILBOX_ALLOWED_NETWORKS" in str(answer.json["errors"]["host"])


def test_a_name_that_leads_into_our_network_later_is_refused_then(box: Make, imap: Imap) -> None:
    made = box()
    configure(mailbox_allowed_networks="10.99.0.0/16")
    assert "not public" in made.sync()["lastError"] or "not allowed" in made.now()["lastError"]


def test_one_that_fails_is_asked_less_often_and_its_owner_is_told_after_a_day(box: Make, client: Caller) -> None:
    client.get("/api/v1/events")
    made = box(password="wrong", everyMinutes=10)
    waits = []
    for _ in range(3):
        made.sync()
        waits.append(chain.value("SELECT extract(epoch FROM next_sync_at - clock_timestamp()) / 60 FROM mailboxes"))
    assert [round(minutes) for minutes in waits] == [10, 20, 40]
    told = "SELECT count(*) FROM pending_events WHERE type = 'mailbox.failing'"
    assert chain.value(told) == 0
    for days, count in ((1, 1), (2, 1), (3, 2), (4, 2)):
        chain.ask("UPDATE mailboxes SET failing_since = clock_timestamp() - make_interval(days => %s)", days)
        made.sync()
        assert chain.value(told) == count
    assert made.change(password=PASSWORD).json["failingSince"] is None
    assert made.sync()["lastError"] is None
    owing.owe_due()
    assert made.now()["nextSyncAt"] is not None

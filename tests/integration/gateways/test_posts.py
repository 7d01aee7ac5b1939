"""A post that is allowed arrives as it was given, over few connections, and what is not allowed is never begun."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import pytest

from gateways.http import Receiver, Refused, Unsent
from tests.conftest import configure
from tests.integration.gateways.receivers import OK, answering, serving

BODY = '{"name": "Ä"}'.encode()


@pytest.fixture(autouse=True)
def _loopback(loopback):
    pass


def test_it_arrives_as_it_was_given():
    with serving(answering()) as server, Receiver(server.url(path="/a/b?c=d%20e&f")) as receiver:
        answer = receiver.post({"webhook-id": "msg_1", "X-Place": "Düsseldorf"}, BODY)
    assert (answer.status, answer.body, answer.headers) == (200, b"ok", {})
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    assert (first, body) == ("POST /a/b?c=d%20e&f HTTP/1.1", BODY)
    assert sorted(lines) == sorted(
        [
            f"Host: 127.0.0.1:{server.port}",
            f"User-Agent: Counterfoil/{version('counterfoil')}",
            "Accept-Encoding: identity",
            f"Content-Length: {len(BODY)}",
            "webhook-id: msg_1",
            "X-Place: Düsseldorf",
        ]
    )


def test_the_headers_that_are_needed_come_back_and_the_last_of_a_name_wins():
    answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 5\r\nRETRY-AFTER: 7\r\nServer: x\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(answer)) as server, Receiver(server.url()) as receiver:
        assert receiver.post({}, b"")[:2] == (429, {"retry-after": "7"})


def test_a_connection_is_used_again():
    with serving(answering()) as server, Receiver(server.url()) as receiver:
        assert {receiver.post({}, BODY).status for _ in range(5)} == {200}
        assert (server.connections, len(server.requests)) == (1, 5)


def test_many_threads_share_as_many_connections_as_are_allowed():
    with serving(answering()) as server, ThreadPoolExecutor(12) as pool, Receiver(server.url(), 3) as receiver:
        answers = list(pool.map(lambda _: receiver.post({}, BODY, 60).status, range(60)))
    assert answers == [200] * 60
    assert 1 <= server.most_at_once <= 3


def test_an_address_of_ipv6_is_written_in_brackets():
    with serving(answering(), host="::1") as server, Receiver(server.url("[::1]")) as receiver:
        assert receiver.post({}, b"").status == 200
    assert f"Host: [::1]:{server.port}".encode() in server.requests[0]


def test_a_mapped_address_is_the_one_it_stands_for():
    with serving(answering()) as server, Receiver(server.url("[::ffff:127.0.0.1]")) as receiver:
        assert receiver.post({}, b"").status == 200


def test_nothing_in_the_environment_leads_it_elsewhere(monkeypatch, tmp_path):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving(answering()) as server, Receiver(server.url()) as receiver:
        assert receiver.post({}, b"").status == 200
    assert b"authorization" not in server.requests[0].lower()


def test_the_second_address_of_a_name_is_tried_when_the_first_takes_nothing(resolver):
    resolver("hooks.example.com", ["127.0.0.2", "127.0.0.1"])
    with serving(answering()) as server, Receiver(server.url("hooks.example.com")) as receiver:
        assert receiver.post({}, b"").status == 200
    assert f"Host: hooks.example.com:{server.port}".encode() in server.requests[0]


def test_an_address_that_swallows_everything_takes_its_share_of_the_time_only(resolver, monkeypatch):
    resolver("hooks.example.com", [f"127.0.0.{last}" for last in range(1, 10)])
    given = []

    def connect(connection: socket.socket, _address: object) -> None:
        given.append(connection.gettimeout())
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with Receiver("http://hooks.example.com:8080/") as receiver, pytest.raises(Unsent, match=r"^no connection within"):
        receiver.post({}, b"", 100)
    assert len(given) == 4, "a name may have thousands of addresses"
    assert 20 < given[0] <= 25


def test_a_name_that_does_not_resolve_is_told_so(resolver):
    with Receiver("http://nowhere.example/") as receiver, pytest.raises(Unsent, match=r"^the name does not resolve$"):
        receiver.post({}, b"")


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    asked = threading.Event()

    def getaddrinfo(*_arguments: object, **_options: object) -> list[object]:
        asked.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    before = time.monotonic()
    try:
        with Receiver("http://slow.example/") as receiver, pytest.raises(Unsent, match=r"^no address for the name"):
            receiver.post({}, b"", 0.5)
        assert time.monotonic() - before < 20
    finally:
        asked.set()


def test_a_name_server_that_is_away_is_told_so(monkeypatch):
    def getaddrinfo(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with Receiver("http://a.example/") as receiver, pytest.raises(Unsent, match=r"^the name server does not answer$"):
        receiver.post({}, b"")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-A": "b\r\nX-Injected: c"}, "a line break"),
        ({"X-A": "b\nc"}, "a line break"),
        ({"X-A": "b\rc"}, "a line break"),
        ({"X-A": "b\x00c"}, "a line break"),
        ({"X-A": "b\x85c"}, "a line break"),
        ({"X-A": "b\u2028c"}, "a line break"),
        ({"X-A": " b"}, "a space at an end"),
        ({"X-A": "b\t"}, "a space at an end"),
        ({"X-A": "€"}, "outside of ISO 8859-1"),
        ({"X-A": "Ивaн"}, "outside of ISO 8859-1"),
        ({"X-A\r\nX-B": "c"}, "has no name"),
        ({"X A": "b"}, "has no name"),
        ({"X-A:": "b"}, "has no name"),
        ({"": "b"}, "has no name"),
        ({"Ä": "b"}, "has no name"),
        ({"Host": "other.example"}, "set by Counterfoil itself"),
        ({"content-length": "0"}, "set by Counterfoil itself"),
        ({"TRANSFER-ENCODING": "chunked"}, "set by Counterfoil itself"),
        ({"Connection": "close"}, "set by Counterfoil itself"),
        ({"Accept-Encoding": "gzip"}, "set by Counterfoil itself"),
        ({"User-Agent": "other"}, "set by Counterfoil itself"),
        ({"Expect": "100-continue"}, "set by Counterfoil itself"),
        ({"X-A": "b", "x-a": "c"}, "there twice"),
    ],
    ids=ascii,
)
def test_a_header_that_would_be_another_is_never_sent(headers, told):
    with serving(answering()) as server, Receiver(server.url()) as receiver:
        with pytest.raises(Refused, match=told):
            receiver.post(headers, b"")
        assert server.connections == 0


def test_an_empty_value_and_a_tab_within_one_are_sent():
    with serving(answering()) as server, Receiver(server.url()) as receiver:
        assert receiver.post({"X-Empty": "", "X-Tab": "a\tb"}, b"").status == 200
    assert b"\r\nX-Empty: \r\nX-Tab: a\tb\r\n" in server.requests[0]


@pytest.mark.parametrize("host", ["receiver", "hooks.example.com"])
def test_a_name_of_the_network_here_may_be_in_an_allowed_network_and_nowhere_else(resolver, host):
    resolver(host, ["127.0.0.1"], ["8.8.8.8"])
    with serving(answering()) as server:
        for outcome in (200, Refused):
            with Receiver(server.url(host)) as receiver:
                if outcome == 200:
                    assert receiver.post({}, b"").status == 200
                else:
                    with pytest.raises(Refused, match=f"an address of {host} is not public"):
                        receiver.post({}, b"")


def test_an_allowed_network_does_not_allow_http():
    configure(webhook_allow_http=0)
    with pytest.raises(Refused, match="only https:// is allowed"):
        Receiver("http://127.0.0.1/")


def test_a_receiver_that_is_left_has_closed_its_connections():
    ended = threading.Event()

    def behave(server, connection):
        try:
            server.take(connection)
            connection.sendall(OK)
            server.take(connection)
        except EOFError:
            ended.set()

    with serving(behave) as server:
        with Receiver(server.url()) as receiver:
            receiver.post({}, b"")
            assert not ended.is_set()
        assert ended.wait(20), "each endpoint would leave its connections open"

"""Whatever a receiver does, a post to it ends soon, with a reason that its owner understands."""

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateways.http import LONGEST_BODY, Answer, Receiver, Unsent
from tests.integration.gateways.receivers import (
    OK,
    Behaviour,
    answering,
    closing,
    deaf,
    dripping,
    flooding,
    resetting,
    serving,
    silent,
)

pytestmark = pytest.mark.usefixtures("loopback")
HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(10_000_000))
SOON_S = 12


def post(behave: Behaviour, seconds: float = 1.0, body: bytes = b"{}") -> Answer:
    """Return the answer of a receiver that behaves so; fail unless it comes soon."""
    with serving(behave) as server, Receiver(server.url()) as receiver:
        return receiver.post({}, body, seconds)


def why(behave: Behaviour, seconds: float = 1.0, body: bytes = b"{}") -> str:
    """Return why a receiver that behaves so gave no answer."""
    before = time.monotonic()
    with pytest.raises(Unsent) as unsent:
        post(behave, seconds, body)
    assert unsent.value.seconds <= time.monotonic() - before < seconds + SOON_S
    return str(unsent.value)


def test_it_never_answers():
    assert why(silent) == "no answer within 1 s"


def test_it_reads_nothing():
    assert why(deaf, body=bytes(50_000_000)) == "no answer within 1 s"


def test_it_sends_its_head_byte_by_byte():
    assert why(dripping(HEAD + b"X-Slow: ")) == "no answer within 1 s"


def test_it_sends_its_body_byte_by_byte():
    assert why(dripping(HEAD + b"Content-Length: 1000\r\n\r\n")) == "no end of the answer within 1 s"


def test_its_body_without_a_length_never_ends():
    assert why(dripping(HEAD + b"\r\n")) == "no end of the answer within 1 s"


@pytest.mark.parametrize("again", [b"X-More: of the same\r\n", b"x" * 1000], ids=["headers", "one header"])
def test_its_head_never_ends(again):
    assert why(flooding(HEAD + b"X-A: b\r\nX-Long: ", again), 30) == "the answer's head is longer than allowed"


@pytest.mark.parametrize("status", [b"100 Continue", b"103 Early Hints"])
def test_it_floods_with_answers_before_the_answer(status):
    assert why(flooding(b"", b"HTTP/1.1 " + status + b"\r\n\r\n"), 30) == "the answer's head is longer than allowed"


def test_its_body_has_ten_gigabytes():
    beginning = HEAD + b"Content-Length: 10000000000\r\n\r\n"
    with serving(flooding(beginning, bytes(65536))) as server, Receiver(server.url()) as receiver:
        assert len(receiver.post({}, b"", 30).body) == LONGEST_BODY
        assert len(receiver.post({}, b"", 30).body) == LONGEST_BODY
        assert server.connections == 2, "a connection with more to come was used again"


def test_the_rest_of_a_long_body_is_not_waited_for():
    def behave(server, connection):
        closing(HEAD + b"Content-Length: 70000\r\n\r\n" + bytes(69_000))(server, connection)
        server.stopping.wait()

    assert len(post(behave, 10).body) == LONGEST_BODY


def test_its_body_is_chunks_of_one_byte_that_say_much_about_themselves():
    beginning = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = post(flooding(beginning, b"1;why=" + b"x" * 10_000 + b"\r\na\r\n"), 30)
    assert set(answer.body) == {ord("a")}
    assert len(answer.body) < 100


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd"])
def test_its_body_is_a_bomb_that_nobody_lights(coding):
    head = HEAD + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, len(BOMB))
    assert post(closing(head + BOMB), 30).body == BOMB


def test_it_asks_to_go_elsewhere_and_nobody_goes():
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /hook\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(answer)) as server, Receiver(server.url()) as receiver:
        assert receiver.post({}, b"", 30)[:2] == (307, {"location": "/hook"})
        assert len(server.requests) == 1


def test_its_cookies_are_not_sent_back():
    answer = HEAD + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(answer)) as server, Receiver(server.url()) as receiver:
        assert [receiver.post({}, b"", 30).headers for _ in range(2)] == [{}, {}]
        assert len(server.requests) == 2
        assert not any(b"cookie" in request.lower() for request in server.requests)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff\x00 nonsense\r\n\r\n",
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 OK 200\r\n\r\n",
        b"HTTP/1.1 007 Bond\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b" : b\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
def test_its_answer_is_garbage(answer):
    def behave(server, connection):
        closing(answer)(server, connection)
        server.stopping.wait(30)

    assert why(behave, 30) == "the answer is not HTTP/1.1"


def test_it_hangs_up_before_the_answer():
    with serving(closing(b"")) as server, Receiver(server.url()) as receiver:
        with pytest.raises(Unsent, match=r"^the connection was closed before the answer$"):
            receiver.post({}, b"", 30)
        assert len(server.requests) == 1, "it was sent again to a receiver that had it"


@pytest.mark.parametrize("part", [HEAD, HEAD + b"Content-Length: 10\r\n\r\n12345"], ids=["head", "body"])
def test_it_hangs_up_in_the_middle(part):
    assert why(closing(part), 30) == "the connection was closed in the middle of the answer"


def test_it_resets_the_connection():
    assert why(resetting, 30) == "the connection was reset"


def test_nobody_listens():
    with serving(silent) as server:
        url = server.url()
    with Receiver(url) as receiver, pytest.raises(Unsent, match=r"^connection refused$"):
        receiver.post({}, b"")


@pytest.mark.parametrize("end", [closing(b""), resetting], ids=["closes", "resets"])
def test_it_ends_a_kept_connection_as_the_next_post_is_on_its_way(end):
    def behave(server, connection):
        closing(OK)(server, connection)
        end(server, connection)

    with serving(behave) as server, Receiver(server.url()) as receiver:
        assert [receiver.post({}, b"", 30).status for _ in range(2)] == [200, 200]
        assert (server.connections, len(server.requests)) == (2, 3)


def test_what_it_says_unasked_on_an_idle_connection_is_not_the_next_answer():
    idle, said = threading.Event(), threading.Event()

    def behave(server, connection):
        closing(OK)(server, connection)
        idle.wait(20)
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        said.set()
        server.stopping.wait()

    with serving(behave) as server, Receiver(server.url()) as receiver:
        assert receiver.post({}, b"", 30).status == 200
        idle.set()
        assert said.wait(20)
        assert receiver.post({}, b"", 30).status == 200


def test_it_closes_an_idle_connection_and_gets_another():
    with serving(closing(OK)) as server, Receiver(server.url()) as receiver:
        assert [receiver.post({}, b"", 30).status for _ in range(3)] == [200, 200, 200]
        assert server.connections == 3


def test_a_waiting_post_takes_its_turn_within_its_own_deadline():
    with serving(silent) as server, Receiver(server.url(), connections=1) as receiver, ThreadPoolExecutor(1) as pool:
        first = pool.submit(receiver.post, {}, b"", 4.0)
        with pytest.raises(Unsent, match=r"^no connection was free within 1 s$"):
            receiver.post({}, b"", 1.0)
        assert str(first.exception()) == "no answer within 4 s"

"""Clients that do not send, or do not read, hold no thread; each is closed at its deadline."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil
import pytest
import requests

from local.process import free_port
from tests.faults.processes import Chain, Process
from tests.faults.test_unreadable_requests import answer
from tests.waiting import wait_until

PATH = "/api/v1/locations"
POST = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALF_A_BODY = "Content-Length: 1000\r\n\r\n{"
LARGE = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
COUNT, THREADS = 200, 2
Slow = tuple[socket.socket, bytearray]


class Api:
    """The API as a process, with two threads and short deadlines."""

    def __init__(self, chain: Chain, **settings: object) -> None:
        self.port = free_port()
        given = {"api_threads": THREADS, "api_request_timeout": 4, "api_send_timeout": 4, "log_level": "DEBUG"}
        self.process: Process = chain.spawn("api", api_port=self.port, **given | settings)
        self.process.health = f"http://127.0.0.1:{self.port}/api/v1/health"
        chain.await_ready(self.process)

    def connected(self, text: str) -> Slow:
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(10)
        line.connect(("127.0.0.1", self.port))
        line.sendall(text.encode())
        line.setblocking(False)
        return line, bytearray()

    def ask(self, key: str) -> int:
        """Return the status of what a normal caller asks."""
        headers = {"Authorization": f"Bearer {key}"}
        return requests.get(f"http://127.0.0.1:{self.port}{PATH}", headers=headers, timeout=20).status_code

    def connections(self) -> int:
        """Return how many connections the API's processes hold."""
        return len(self._peers())

    def holds(self, line: socket.socket) -> bool:
        """Return whether the API's processes hold this connection."""
        return line.getsockname()[1] in self._peers()

    def _peers(self) -> list[int]:
        children = psutil.Process(self.process.pid).children()
        held = [line for child in children for line in child.net_connections("tcp")]
        return [
            line.raddr.port for line in held if line.status == psutil.CONN_ESTABLISHED and line.laddr.port == self.port
        ]


@pytest.fixture
def api(chain: Chain) -> Api:
    return Api(chain)


@pytest.fixture
def slow() -> Iterator[list[Slow]]:
    lines: list[Slow] = []
    yield lines
    for line, _ in lines:
        line.close()


def beginnings(key: str) -> list[str]:
    return ["G", POST, POST + HALF_A_BODY, f"{POST}Authorization: Bearer {key}\r\n{HALF_A_BODY}"]


def trickle(lines: list[Slow]) -> Callable[[], bool]:
    """Return a function that sends a byte on each line at most once a second, and says whether all were closed."""
    sent_at = [0.0]

    def all_closed() -> bool:
        if time.monotonic() - sent_at[0] > 1:
            sent_at[0] = time.monotonic()
            for line, _ in lines:
                _send_byte(line)
        return [_is_closed(line, received) for line, received in lines].count(False) == 0

    return all_closed


def _send_byte(line: socket.socket) -> None:
    with suppress(OSError):  # it was closed, which _is_closed sees
        line.send(b"x")


def _is_closed(line: socket.socket, received: bytearray, most: int = 65_536) -> bool:
    try:
        data = line.recv(most)
    except BlockingIOError:
        return False
    except OSError:
        return True
    received += data
    return not data


def test_slow_senders_hold_no_thread_and_each_is_closed_at_its_deadline(api, slow, organization):
    begun = beginnings(organization.key)
    slow += [api.connected(begun[number % len(begun)]) for number in range(COUNT)]
    all_closed = trickle(slow)
    all_closed()
    assert [api.ask(organization.key) for _ in range(10)] == [200] * 10
    wait_until(all_closed, 30, "a slow sender was not closed")
    told = [int(received.split()[1]) for _, received in slow]
    assert [set(told[kind::4]) for kind in range(4)] == [{408}, {408}, {401}, {408}]
    assert all(b"application/problem+json" in received and b"nosniff" in received for _, received in slow)


def test_slow_readers_hold_no_thread_and_each_is_closed_at_its_deadline(api, slow, organization):
    slow += [api.connected(LARGE * 4) for _ in range(COUNT)]
    wait_until(lambda: api.connections() >= COUNT, 10, "the readers are not there")
    assert [api.ask(organization.key) for _ in range(10)] == [200] * 10
    wait_until(lambda: api.connections() == 0, 30, "a slow reader was not closed")


def test_a_reader_that_reads_a_little_is_closed_too(api, slow):
    slow += [api.connected(LARGE * 4)]
    wait_until(lambda: api.connections() == 0 or _is_closed(*slow[0], most=1), 30, "it holds its connection")


def test_beyond_the_most_connections_the_oldest_gives_way(chain, slow, organization):
    api = Api(chain, api_connections=50, api_request_timeout=60)
    slow += [api.connected("G") for _ in range(COUNT)]
    assert [api.ask(organization.key) for _ in range(10)] == [200] * 10
    assert api.connections() <= 50


def test_to_make_room_a_connection_without_a_request_goes_before_one_that_has_begun(chain, slow):
    api = Api(chain, api_connections=20, api_request_timeout=60)
    slow += [api.connected("G") for _ in range(5)] + [api.connected("")]
    idle = slow[-1]

    def idle_is_closed_after_one_more() -> bool:
        slow.append(api.connected("G"))
        wait_until(lambda: api.holds(slow[-1][0]) or _is_closed(*idle))
        return _is_closed(*idle)

    wait_until(idle_is_closed_after_one_more, 30, "it was not closed")
    assert not any(_is_closed(*begun) for begun in slow[:5])


def test_beyond_the_memory_for_connections_those_that_hold_most_are_closed(chain, slow, organization):
    api = Api(chain, max_body_mb=40, api_request_timeout=60)
    head = f"{POST}Authorization: Bearer {organization.key}\r\nContent-Length: 40000000\r\n\r\n"
    sizes = [1] + [20_000_000] * 5 + [35_000_000] * 5
    for size in sizes:
        line, received = api.connected(head)
        slow.append((line, received))
        line.settimeout(20)
        with suppress(OSError):  # the last one may be closed before all of it is sent
            line.sendall(b" " * size)
        line.setblocking(False)
    closed = wait_until(lambda: [i for i, one in enumerate(slow) if _is_closed(*one)], 10, "nobody was closed")
    assert [sizes[number] for number in closed] == [35_000_000]
    assert api.ask(organization.key) == 200


def test_beyond_the_memory_who_holds_most_together_gives_way(chain, slow, organization, other_organization):
    api = Api(chain, max_body_mb=40, api_request_timeout=60)
    assert api.ask(other_organization.key) == 200  # whose key it is, is known then
    sent = [(other_organization, 25_000_000), *[(organization, 20_000_000)] * 13]
    for tenant, size in sent:
        line, received = api.connected(f"{POST}Authorization: Bearer {tenant.key}\r\nContent-Length: 40000000\r\n\r\n")
        slow.append((line, received))
        line.settimeout(20)
        with suppress(OSError):
            line.sendall(b" " * size)
        line.setblocking(False)
    wait_until(lambda: any(_is_closed(*one) for one in slow), 10, "nobody was closed")
    assert not _is_closed(*slow[0])


def test_an_idle_connection_is_kept_and_a_second_request_on_it_answered(api, organization):
    head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {organization.key}\r\n"
    asked = (head + "\r\n") * 3 + head + "Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as line:
        line.sendall(asked.encode())
        received = b"".join(iter(lambda: line.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 200 OK") == 4, "requests sent one behind the other"


LARGE_BODY = "Content-Length: 2000000\r\n\r\n"
REFUSED_BY_THE_HEAD = {
    "no key": (POST + LARGE_BODY, 401),
    "an unknown key": (f"{POST}Authorization: Bearer cf_nobody\r\n{LARGE_BODY}", 401),
    "no key, in chunks": (POST + "Transfer-Encoding: chunked\r\n\r\n5\r\nx", 401),
    "no such address": (POST.replace(PATH, "/api/v1/nothing") + LARGE_BODY, 404),
    "too large": (POST + "Content-Length: 3000000\r\n\r\n", 413),
    "far too large": (POST + "Content-Length: 99999999999\r\n\r\n", 413),
}


def test_a_request_is_refused_by_its_head_before_the_body_is_there(api):
    for name, (head, status) in REFUSED_BY_THE_HEAD.items():
        told, headers, body = answer(api.port, head)
        assert (told, json.loads(body)["status"]) == (status, status), name
        assert headers["content-type"] == "application/problem+json", name
        assert headers["cache-control"] == "no-store", name


def test_a_body_is_asked_for_when_its_head_is_good_and_not_when_it_is_not(api, organization):
    expecting = f"{POST}Expect: 100-continue\r\nContent-Length: 16\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as line:
        line.sendall(f"{expecting}Authorization: Bearer {organization.key}\r\n\r\n".encode())
        assert line.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b'{"name": "here"}')
        assert line.recv(65_536).startswith(b"HTTP/1.1 201 ")
    assert answer(api.port, f"{expecting}\r\n")[0] == 401


def test_a_chunked_body_arrives_whole_however_it_is_cut(api, organization):
    body = json.dumps({"name": "Cut " + "x" * 50})
    chunks = "".join(f"{len(piece):x};note=1\r\n{piece}\r\n" for piece in re.findall(".{1,7}", body))
    request = f"{POST}Authorization: Bearer {organization.key}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    request += "\r\n" + chunks + "0\r\nX-Sum: 1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as line:
        for byte in request.encode():
            line.sendall(bytes([byte]))
        received = b"".join(iter(lambda: line.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 201 "), received


@pytest.mark.parametrize(
    "chunks", ["10000000\r\n", "1\r\n{\r\n" * 10_001, "1\r\n \r\n" + "100000\r\n" + " " * 0x100000 + "\r\n200000\r\n"]
)
def test_a_chunked_body_is_bounded_in_bytes_and_in_chunks(api, organization, chunks):
    head = f"{POST}Authorization: Bearer {organization.key}\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert answer(api.port, head + chunks)[0] == 413


PREFIXES = ("SCRIPT_NAME: /api", "script_name: /api", "PATH_INFO: /api/v1/locations", "X-Forwarded-Prefix: /api")


def test_no_header_and_no_second_slash_leads_to_another_path(api, organization):
    head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {organization.key}\r\n"
    assert answer(api.port, head + "\r\n")[0] == 200
    for header in PREFIXES:
        assert answer(api.port, f"{head}{header}\r\n\r\n")[0] == 400, header
    for path in (f"/{PATH}", f"//{PATH}", f"/%2F{PATH[1:]}", f"http://x/{PATH}", f"{PATH[1:]}?x=://"):
        assert answer(api.port, head.replace(PATH, path, 1) + "\r\n")[0] in (400, 404), path


MALFORMED = (
    "Authorization : Bearer KEY", "Authorization: Bearer KEY\x00", "Bearer KEY", "X: y\r\n KEY", "KEY",
    "Content-Length: KEY", "Transfer-Encoding: KEY", "Expect: KEY", "Authorization: KEY\nX: y",
    "Authorization: Bearer " + "KEY" * 600,
)  # fmt: skip


def test_a_key_in_a_malformed_header_reaches_no_log(api):
    secret = "cf_verysecretkey"
    for header in (template.replace("KEY", secret) for template in MALFORMED):
        assert answer(api.port, f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n")[0] in (400, 417, 431, 501)
    assert answer(api.port, f"GET /{secret * 500} HTTP/1.1\r\n\r\n")[0] == 414
    assert answer(api.port, f"{secret} / HTTP/1.1\r\n\r\n")[0] == 400
    refused = len(MALFORMED) + 2
    wait_until(lambda: api.process.said("invalid request") == refused, 10, "not all refusals are in the log")
    assert api.process.said(secret) == 0

"""What the server says by itself is as every other refusal: a problem with the security headers."""

import json
import socket

import pytest

from local.process import free_port
from tests.faults.processes import Chain
from tests.waiting import wait_until

GET = "GET /api/v1/health HTTP/1.1\r\nHost: x\r\n"
POST = "POST /api/v1/locations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n"
UNREADABLE = {
    "no HTTP at all": ("hello\r\n\r\n", 400),
    "a method in lower case": (GET.replace("GET", "get") + "\r\n", 400),
    "HTTP/9": (GET.replace("1.1", "9.9") + "\r\n", 400),
    "a header without a colon": (GET + "nonsense\r\n\r\n", 400),
    "a space before the colon": (GET + "X-A : b\r\n\r\n", 400),
    "two lengths": (GET + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "a folded header": (GET + "X-A: b\r\n c\r\n\r\n", 400),
    "a long address": (f"GET /{'a' * 5000} HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a long header": (GET + f"X-A: {'a' * 9000}\r\n\r\n", 431),
    "many headers": (GET + "X-A: b\r\n" * 101 + "\r\n", 431),
    "an expectation": (GET + "Expect: wonders\r\n\r\n", 417),
    "an unknown transfer coding": (GET + "Transfer-Encoding: brotli\r\n\r\n", 501),
    "a chunk without a size": (CHUNKED + "zz\r\n{}\r\n", 400),
    "a chunk without an end": (CHUNKED + "2\r\n{}xx0\r\n\r\n", 400),
}


@pytest.fixture
def port(chain: Chain) -> int:
    port = free_port()
    process = chain.spawn("api", api_port=port, api_threads=2)
    process.health = f"http://127.0.0.1:{port}/api/v1/health"
    chain.await_ready(process)
    return port


def answer(port: int, request: str) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(request.encode())
        received = b"".join(iter(lambda: line.recv(65_536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), {n.lower(): v for n, v in (one.split(": ", 1) for one in lines)}, body


def test_what_the_server_cannot_read_is_a_problem_with_the_security_headers(port, organization):
    for name, (request, expected) in UNREADABLE.items():
        status, headers, body = answer(port, request.replace("{key}", organization.key))
        told = json.loads(body) if headers.get("content-type") == "application/problem+json" else body
        assert (status, told["status"]) == (expected, expected), (name, status, told)
        assert_guarded(headers, body)
    assert answer(port, GET + "Connection: close\r\n\r\n")[0] == 200


def assert_guarded(headers: dict[str, str], body: bytes) -> None:
    """Check the headers of a problem, and that its body is whole."""
    told = json.loads(body)
    assert told["detail"] == told["error"] != ""
    assert headers["content-length"] == str(len(body))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"


BROKEN = "from cli import main, serving; serving.wsgi = lambda settings: lambda *call: 1 / 0; main.main()"


def test_an_application_that_fails_outside_flask_is_a_500_with_the_same_headers(chain: Chain) -> None:
    port = free_port()
    process = chain.spawn("api", BROKEN, api_port=port)
    chain.await_ready(process)
    status, headers, body = answer(port, GET + "\r\n")
    assert (status, json.loads(body)["status"]) == (500, 500)
    assert_guarded(headers, body)
    wait_until(lambda: process.said("a request failed") == 1, 10, "it is not in the log")

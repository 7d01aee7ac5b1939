"""One organization that floods an api process with slow requests leaves the others their threads."""

import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
import requests

from db.transaction import transaction
from domain.identity import sessions, users
from domain.identity.sessions import Browser
from domain.shares import PROMPT_S
from local.process import free_port
from tests.browser import COOKIE
from tests.faults.load import value
from tests.faults.processes import Chain
from tests.tenant import Tenant
from tests.waiting import wait_until

THREADS = 4
FLOODING, PIPELINED = 200, 30
PATIENT = {"statement_timeout": 41, "http_timeout": 42, "task_timeout": 43, "lease": 44, "lock_timeout": 20}
SLOW, QUICK = "/api/v1/parties/clients", "/api/v1/parties/suppliers"
STUCK = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def url(chain: Chain) -> str:
    port = free_port()
    process = chain.spawn("api", api_port=port, api_threads=THREADS, **PATIENT)
    process.health = f"http://127.0.0.1:{port}/api/v1/health"
    chain.await_ready(process)
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def locked(chain: Chain) -> Iterator[psycopg.Connection]:
    """A transaction that makes every request for clients wait until it ends."""
    with psycopg.connect(chain.database_url) as connection:
        connection.execute("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE")
        yield connection


@contextmanager
def callers(locked: psycopg.Connection) -> Iterator[ThreadPoolExecutor]:
    """Yield threads to ask in; however the block ends, what they wait for is let go."""
    with ThreadPoolExecutor(20) as pool:
        try:
            yield pool
        finally:
            locked.rollback()


def get(url: str, tenant: Tenant) -> requests.Response:
    return requests.get(url, headers={"Authorization": f"Bearer {tenant.key}"}, timeout=60)


def answers(asked: list[Future]) -> list[requests.Response]:
    return [one.result() for one in asked if one.done()]


def test_while_another_asks_half_of_the_threads_are_one_organizations(url, locked, organization, other_organization):
    assert get(url + QUICK, other_organization).status_code == 200
    with callers(locked) as pool:
        asked = [pool.submit(get, url + SLOW, organization) for _ in range(12)]
        wait_until(lambda: len(answers(asked)) == 12 - THREADS // 2, 20, "the rest was not refused")
        for refused in answers(asked):
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert refused.json()["violated-policies"] == ["concurrent-requests"]
        assert value(STUCK) == THREADS // 2
        assert get(url + QUICK, other_organization).status_code == 200
        locked.rollback()
        assert sorted(one.result().status_code for one in asked) == [200] * 2 + [429] * 10


def test_one_that_keeps_its_threads_never_gets_the_last(url, locked, organization, other_organization):
    with callers(locked) as pool:
        asked = [pool.submit(get, url + SLOW, organization) for _ in range(THREADS - 1)]
        wait_until(lambda: value(STUCK) == THREADS - 1, 20)
        since = time.monotonic()
        wait_until(lambda: time.monotonic() - since > PROMPT_S)
        more = [pool.submit(get, url + SLOW, organization) for _ in range(10)]
        wait_until(lambda: len(answers(more)) == 10, 20, "they wait for the last thread")
        assert {one.status_code for one in answers(more)} == {429}
        assert get(url + QUICK, other_organization).status_code == 200
        locked.rollback()
        assert {one.result().status_code for one in asked} == {200}


def log_in(url: str) -> requests.Response:
    return requests.post(f"{url}/console/login", {"email": "nobody@example.com", "password": "guess"}, timeout=60)


def test_strangers_who_log_in_leave_half_of_the_threads_to_those_who_are_known(url, locked, organization):
    assert get(url + QUICK, organization).status_code == 200
    locked.execute("LOCK TABLE login_attempts IN ACCESS EXCLUSIVE MODE")
    with callers(locked) as pool:
        asked = [pool.submit(log_in, url) for _ in range(12)]
        wait_until(lambda: value(STUCK) == THREADS // 2, 20)
        assert get(url + QUICK, organization).status_code == 200
        wait_until(lambda: len(answers(asked)) == 12 - THREADS // 2, 20, "they wait for a thread")
        assert {(one.status_code, "Retry-After" in one.headers) for one in answers(asked)} == {(503, True)}
        locked.rollback()
        assert sorted(one.result().status_code for one in asked) == [403] * 2 + [503] * 10


def test_what_an_organization_holds_of_a_process_it_holds_for_the_api_and_the_console_together(
    url, locked, organization, other_organization
):
    with transaction() as session:
        user = users.invite(session, organization.id, "ada@example.com", "Ada", "owner").user
        cookie = {"Cookie": f"{COOKIE}={sessions.start(session, user, Browser('127.0.0.1', ''))}"}

    def look() -> int:
        return requests.get(f"{url}/console/", headers=cookie, timeout=60).status_code

    assert (look(), get(url + QUICK, other_organization).status_code) == (200, 200)
    with callers(locked) as pool:
        asked = [pool.submit(get, url + SLOW, organization) for _ in range(THREADS)]
        wait_until(lambda: value(STUCK) == THREADS // 2 and len(answers(asked)) == THREADS // 2, 20)
        assert (look(), get(url + QUICK, other_organization).status_code) == (429, 200)


@contextmanager
def flood(url: str, request: bytes) -> Iterator[selectors.DefaultSelector]:
    """Yield the connections of one who has sent so much that each has the next request waiting all the time."""
    host, _, port = url.removeprefix("http://").partition(":")
    with ExitStack() as lines, selectors.DefaultSelector() as waiting:
        for _ in range(FLOODING):
            line = lines.enter_context(socket.create_connection((host, int(port))))
            line.sendall(request * PIPELINED)
            line.setblocking(False)
            waiting.register(line, selectors.EVENT_READ)
        yield waiting


def answers_of_others(waiting: selectors.DefaultSelector, own: socket.socket, request: bytes) -> int:
    """Return how many of the flood were answered, at most, from when the own request was sent until its answer."""
    for ready, _ in waiting.select(20):
        ready.fileobj.recv(65_536)  # type: ignore[union-attr]
    own.sendall(request)
    waiting.register(own, selectors.EVENT_READ)
    count = 0
    while True:
        for ready, _ in waiting.select(20):
            if ready.fileobj is own:
                waiting.unregister(own)
                assert own.recv(65_536).startswith(b"HTTP/1.1 200 ")
                return count
            count += ready.fileobj.recv(65_536).count(b"HTTP/1.1 ")  # type: ignore[union-attr]


def request_with(key: str) -> bytes:
    return f"GET {QUICK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


@pytest.mark.parametrize("stranger", [False, True], ids=["another organization", "nobody's key"])
def test_who_sends_one_request_does_not_wait_for_all_that_another_has_sent(
    url, organization, other_organization, stranger
):
    for tenant in (organization, other_organization):
        assert get(url + QUICK, tenant).status_code == 200
    key = "cf_nobody" if stranger else organization.key
    host, _, port = url.removeprefix("http://").partition(":")
    with flood(url, request_with(key)) as waiting, socket.create_connection((host, int(port))) as own:
        asks = [answers_of_others(waiting, own, request_with(other_organization.key)) for _ in range(5)]
    # Where this process reads late, what was answered after the own request counts too: the least is nearest.
    assert min(asks) < FLOODING / 2, asks

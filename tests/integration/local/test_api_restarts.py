"""SIGTERM of the only api again and again, under load: no request fails."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection

import psutil
import psycopg
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from local.part import COUNTERFOIL
from local.process import free_port
from settings import child_environment
from tests import chain
from tests.integration.local.running_stack import RunningStack
from tests.tenant import Tenant
from tests.waiting import wait_until

RESTARTS, CALLERS = 4, 4
PATH = "/api/v1/products"
RENAMED = {"name": "Renamed", "addressLine1": "1 Main Street", "city": "Sofia", "country": "BG"}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class Load:
    """Callers that ask all the time until the block ends; every other one connects anew for each request."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._headers = url + PATH, {"Authorization": f"Bearer {key}"}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number % 2,)) for number in range(CALLERS)]
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call(self, anew: int) -> None:
        session = requests.Session()
        # A connection that was kept may close while a request is on its way: a client asks again (RFC 9112, 9.3.1).
        session.mount("http://", HTTPAdapter(max_retries=Retry(total=1, connect=0, read=1)))
        while not self._over.is_set():
            try:
                status = (requests if anew else session).get(self._url, headers=self._headers, timeout=60).status_code
            except requests.RequestException as error:
                status = repr(error)
            self.answers[str(status)] += 1


def restarted(stack: RunningStack) -> int:
    """Return the process id of the api that was started again last, or 0."""
    found = [match for line in stack.lines.copy() if (match := re.fullmatch(r"restarted api pid=(\d+)", line))]
    return int(found[-1][1]) if found else 0


def test_no_request_fails_while_up_starts_the_api_again(tmp_path):
    with RunningStack(tmp_path / "data") as stack, Load(stack.facts["url"], stack.facts["apiKey"]) as load:
        pid = stack.facts["pids"]["api"]
        for _ in range(RESTARTS):
            asked = load.answers.total()
            wait_until(lambda before=asked: load.answers.total() > before + 20, 60, "nobody is answered")
            psutil.Process(pid).terminate()
            before, pid = pid, wait_until(lambda old=pid: restarted(stack) not in (0, old) and restarted(stack), 90)
            assert not psutil.pid_exists(before)
    assert [*load.answers] == ["200"], load.answers


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", free_port()), backlog=100) as listener:
        yield listener


@pytest.fixture
def started(listener: socket.socket, database: str) -> Callable[[], subprocess.Popen]:
    """Start an api on the socket, as systemd does, which also says so in the environment."""
    program = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
    command = ["/bin/sh", "-c", program, "sh", *COUNTERFOIL, "api", "--fd", str(listener.fileno())]
    timeouts = {"COUNTERFOIL_LOCK_TIMEOUT": "7"}
    environment = child_environment(DATABASE_URL=database, COUNTERFOIL_API_WORKERS="2", **timeouts)
    return lambda: subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()], stderr=sys.stderr)


def test_no_request_fails_when_the_next_api_takes_over_a_socket_that_somebody_holds(
    listener: socket.socket, started: Callable[[], subprocess.Popen], organization: Tenant
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    api = started()
    try:
        with Load(url, organization.key) as load:
            for _ in range(2):
                asked = load.answers.total()
                wait_until(lambda before=asked: load.answers.total() > before + 20, 60, "nobody is answered")
                following = started()
                api.terminate()
                assert api.wait(30) == 0
                api = following
        assert [*load.answers] == ["200"], load.answers
    finally:
        api.terminate()
        api.wait(30)


def test_a_request_that_takes_long_is_finished_when_the_api_is_told_to_end(
    listener: socket.socket, started: Callable[[], subprocess.Popen], organization: Tenant, database: str
) -> None:
    """It was cut off after four seconds."""
    api = started()
    try:
        caller = HTTPConnection(*listener.getsockname(), timeout=60)
        headers = {"Authorization": f"Bearer {organization.key}", "Content-Type": "application/json"}
        with closing(caller), psycopg.connect(database) as lock:
            lock.execute("SELECT FROM suppliers FOR UPDATE")
            path = f"/api/v1/parties/suppliers/{organization.supplier_id}"
            caller.request("PUT", path, json.dumps(RENAMED), headers)
            wait_until(lambda: chain.value(WAITING) == 1, 30, "the request waits for nothing")
            api.terminate()
            ends = time.monotonic() + 5
            wait_until(lambda: time.monotonic() > ends, 6)
            lock.rollback()
            assert caller.getresponse().status == 200
        assert api.wait(30) == 0
    finally:
        api.terminate()
        api.wait(30)


def test_a_worker_that_is_told_to_end_before_it_serves_takes_nobody_in(
    listener: socket.socket, started: Callable[[], subprocess.Popen], organization: Tenant
) -> None:
    """A worker that did not hear it was killed after five seconds, with the requests that it had taken."""
    api = started()
    try:
        arbiter = psutil.Process(api.pid)
        workers = wait_until(lambda: len(arbiter.children()) == 2 and arbiter.children(), 30)
        for worker in workers:
            worker.suspend()
        api.terminate()
        with socket.create_connection(listener.getsockname(), timeout=30) as caller:
            head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {organization.key}\r\n"
            caller.sendall(f"{head}Connection: close\r\n\r\n".encode())
            for worker in workers:
                worker.resume()
            assert api.wait(30) == 0
            caller.setblocking(False)
            with pytest.raises(BlockingIOError):
                caller.recv(1)
            api = started()
            caller.settimeout(60)
            assert b" 200 OK" in caller.recv(65_536)
    finally:
        api.terminate()
        api.wait(30)

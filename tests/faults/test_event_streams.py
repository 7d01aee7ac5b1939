"""A thousand subscribers on one api process, and what becomes of them when it dies."""

import signal
import socket

import psutil
import pytest
import requests

from local.process import free_port
from tests.browser import PASSWORD, person
from tests.faults.load import drain, fetch, owe, value
from tests.faults.processes import Chain, Process
from tests.waiting import wait_until

SUBSCRIBERS = 1000
BACKENDS = """SELECT count(*) FROM pg_stat_activity
              WHERE application_name = 'counterfoil' AND datname = current_database()"""


class Api:
    """The API as a process, with two threads."""

    def __init__(self, chain: Chain, subscribers: int = 2 * SUBSCRIBERS, **settings: object) -> None:
        self._chain, self.port, self._settings = chain, free_port(), settings
        self._settings["api_subscribers"] = subscribers
        self.start()

    def start(self) -> None:
        self.process: Process = self._chain.spawn("api", api_port=self.port, api_threads=2, **self._settings)
        self.process.health = f"http://127.0.0.1:{self.port}/api/v1/health"
        self._chain.await_ready(self.process)


class Stream:
    """A subscriber as an EventSource is one, on a socket."""

    def __init__(self, port: int, path: str, key: str, seen: str = "", headers: str = "") -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=20)
        seen = f"Last-Event-ID: {seen}\r\n" if seen else ""
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{seen}{headers}\r\n"
        self._line.sendall(request.encode())
        self.text = ""

    def read_until(self, words: str) -> None:
        while words not in self.text:
            chunk = self._line.recv(65_536).decode()
            assert chunk, f"the stream ended: {self.text}"
            self.text += chunk

    def at_its_end(self) -> bool:
        return self._line.recv(65_536) == b""

    @property
    def last_id(self) -> str:
        return self.text.rpartition("id: ")[2].splitlines()[0]

    def close(self) -> None:
        self._line.close()


@pytest.fixture
def api(chain: Chain) -> Api:
    return Api(chain)


def test_a_thousand_subscribers_hold_no_thread_and_no_connection(chain, api, organization):
    [job] = owe(organization, "fault.single", [{"seconds": 0.2}])
    path = f"/api/v1/jobs/{job.request_id}/events"
    streams = [Stream(api.port, path, organization.key) for _ in range(SUBSCRIBERS)]
    for stream in streams:
        stream.read_until("event: pending")
    assert "text/event-stream" in streams[0].text
    shown = requests.get(
        f"http://127.0.0.1:{api.port}/api/v1/jobs/{job.request_id}",
        headers={"Authorization": f"Bearer {organization.key}"},
        timeout=10,
    )
    assert shown.json()["status"] == "pending", "with two threads and a thousand subscribers nobody else is served"
    assert value(BACKENDS) <= 4
    served = [child.num_threads() for child in psutil.Process(api.process.pid).children()]
    assert max(served) < 20, f"subscribers hold threads: {served}"
    chain.start("relay", "worker")
    drain(20)
    for stream in streams:
        stream.read_until("event: completed")
        assert stream.at_its_end()
        stream.close()


def test_a_subscriber_comes_back_after_the_api_was_killed_and_misses_no_end(chain, api, organization):
    [job] = owe(organization, "fault.single", [{}])
    path = f"/api/v1/jobs/{job.request_id}/events"
    stream = Stream(api.port, path, organization.key)
    stream.read_until("event: pending")
    api.process.kill_children()
    api.process.die()
    wait_until(lambda: api.process.poll() is not None)
    chain.start("relay", "worker")
    drain(20)
    api.start()
    again = Stream(api.port, path, organization.key, seen=stream.last_id)
    again.read_until("event: completed")
    assert "event: pending" not in again.text, "it was told again what it had seen"
    finished = Stream(api.port, path, organization.key, seen=again.last_id)
    finished.read_until("HTTP/1.1 204")


def test_an_api_that_is_told_to_stop_answers_the_long_poll_and_ends_the_stream(chain, organization):
    api = Api(chain, http_timeout=60, task_timeout=70, lease=80)
    [job] = owe(organization, "fault.single", [{}])
    path = f"/api/v1/jobs/{job.request_id}"
    stream = Stream(api.port, f"{path}/events", organization.key)
    stream.read_until("event: pending")
    poll = Stream(api.port, path, organization.key, headers="Prefer: wait=60\r\n")
    wait_until(lambda: waiting(api) == 2, 10, "the long poll does not wait")
    api.process.die(signal.SIGTERM)
    poll.read_until('"status":"pending"')
    assert stream.at_its_end()
    wait_until(lambda: api.process.poll() == 0, 20, "it does not end")


def waiting(api: Api) -> int:
    """Return how many connections the API has."""
    [serving] = psutil.Process(api.process.pid).children()
    held = [line for line in serving.net_connections("tcp") if line.laddr.port == api.port]
    return sum(line.status == psutil.CONN_ESTABLISHED for line in held)


def test_one_subscriber_too_many_is_told_to_poll(chain, organization):
    api = Api(chain, subscribers=6)
    [job] = owe(organization, "fault.single", [{}])
    path = f"/api/v1/jobs/{job.request_id}/events"
    streams = [Stream(api.port, path, organization.key) for _ in range(3)]
    for stream in streams:
        stream.read_until("event: pending")
    refused = Stream(api.port, path, organization.key)
    refused.read_until("HTTP/1.1 429")
    for stream in streams:
        stream.close()
    fetch("UPDATE jobs SET priority = 2 WHERE id = %s", job.request_id)
    wait_until(lambda: _accepted(api.port, path, organization.key), 20, "those who left are still counted")


def _accepted(port: int, path: str, key: str) -> bool:
    stream = Stream(port, path, key)
    stream.read_until("\r\n\r\n")
    stream.close()
    return "200 OK" in stream.text


def test_a_thousand_open_pages_of_the_console_hold_no_thread_and_no_connection(api, organization):
    console = f"http://127.0.0.1:{api.port}/console"
    form = {"email": person(organization.id), "password": PASSWORD}
    answer = requests.post(f"{console}/login", form, timeout=10, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    streams = [Stream(api.port, "/console/live", "", headers=f"Cookie: {cookie}\r\n") for _ in range(SUBSCRIBERS)]
    for stream in streams:
        stream.read_until("\r\n\r\n")
    assert "text/event-stream" in streams[-1].text
    shown = requests.get(f"{console}/jobs", headers={"Cookie": cookie}, timeout=10)
    assert "<h1>Jobs</h1>" in shown.text, "with two threads and a thousand pages open nobody else is served"
    assert value(BACKENDS) <= 4
    served = [child.num_threads() for child in psutil.Process(api.process.pid).children()]
    assert max(served) < 20, f"open pages hold threads: {served}"
    owe(organization, "fault.single", [{}])
    for stream in streams:
        stream.read_until("event: changed")
        stream.close()

"""The receivers in docs/examples work as they stand there: real processes, real deliveries, a real API."""

import http.client
import json
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from domain.webhooks import signatures
from local.process import Child, free_port
from settings import child_environment
from tests import bodies
from tests.architecture.sources import ROOT
from tests.caller import Caller
from tests.integration.gateways.receivers import answering, serving
from tests.integration.webhooks.api import Api
from tests.integration.webhooks.hook import Hook, deliver, time_passes
from tests.tenant import Tenant
from tests.waiting import wait_until

Make = Callable[..., Hook]
EXAMPLES = ROOT / "docs" / "examples"
SECRET, ANOTHER = signatures.new_secret(), signatures.new_secret()
# Whoever runs the tests in the background has Ctrl-C ignored, and so would the example.
WITH_CTRL_C = [
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
]
HANDLED = re.compile(r"\d+ [a-z_]+\.[a-z_]+")


@dataclass(eq=False)
class Example(Child):
    """A receiver of docs/examples as a process, which can be stopped and started again."""

    name: str
    program: list[str]
    given: Mapping[str, str]
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.said: list[str] = []
        super().__init__(self.said.append)

    def command(self) -> list[str]:
        return [*self.program, str(EXAMPLES / self.name)]

    def environment(self) -> Mapping[str, str]:
        return child_environment(**self.given, PORT=str(self.port))

    def is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def handled(self) -> list[str]:
        return [line for line in self.said if HANDLED.fullmatch(line)]

    def await_handled(self, *lines: str) -> None:
        """Wait until it has handled exactly these events, in this order, and knows that it has."""
        wait_until(lambda: len(self.handled()) >= len(lines), 20, f"something is not handled: {self.said}")
        assert self.handled() == [*lines]
        last, number = Path(self.given["LAST_FILE"]), lines[-1].split()[0]
        wait_until(lambda: last.exists() and last.read_text() == number, 20, "it would handle the last one again")

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the status with which it answers a request that Counterfoil did not send."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/hook", body, dict(headers))
        with connection.getresponse() as answer:
            return answer.status


@pytest.fixture(params=["receiver.py", "receiver.mjs"])
def start(
    request: pytest.FixtureRequest, api: Api, organization: Tenant, tmp_path: Path
) -> Iterator[Callable[..., Example]]:
    """Start the example; it is stopped after the test."""
    program = {".py": sys.executable, ".mjs": shutil.which("node")}[Path(request.param).suffix]
    if program is None:
        pytest.skip("node is not installed")
    given = {
        "WEBHOOK_SECRET": SECRET,
        "API_URL": api.url,
        "API_KEY": organization.key,
        "LAST_FILE": str(tmp_path / "last"),
    }
    started: list[Example] = []

    def start(**more: str) -> Example:
        example = Example(request.param, [*WITH_CTRL_C, program], given | more)
        started.append(example)
        example.start()
        return example

    yield start
    for example in started:
        example.stop()


def issue(client: Caller, organization: Tenant, count: int) -> None:
    for _ in range(count):
        assert client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id)).status_code == 200


def forged(number: int) -> bytes:
    return json.dumps({"sequence": number, "type": "forged.event"}).encode()


def test_a_genuine_message_is_handled_and_no_other(start: Callable[..., Example], hook: Make) -> None:
    example, now, body = start(), int(time.time()), forged(1)
    wrong = {
        "of another secret": signatures.headers([ANOTHER], "id", now, body),
        "changed": signatures.headers([SECRET], "id", now, body + b" "),
        "old": signatures.headers([SECRET], "id", now - 400, body),
        "from the future": signatures.headers([SECRET], "id", now + 400, body),
        "without a signature": {},
        "with a broken signature": {**signatures.headers([SECRET], "id", now, body), "webhook-signature": "v1, v1,A"},
    }
    assert {name: example.post(body, headers) for name, headers in wrong.items()} == dict.fromkeys(wrong, 401)
    made = hook(example.url, secret=SECRET)
    made.ping()
    deliver()
    example.await_handled("1 webhook.pinged")
    assert made.deliveries()[0]["attempts"][0]["statusCode"] == 204


def test_one_of_two_signatures_is_enough(start: Callable[..., Example], hook: Make, client: Caller) -> None:
    example = start()
    made = hook(example.url, secret=SECRET)
    client.post(f"{made.path}/rotate-secret", {"secret": ANOTHER})
    made.ping()
    deliver()
    example.await_handled("1 webhook.pinged")


def test_who_hangs_up_in_the_middle_ends_nothing(start: Callable[..., Example], hook: Make) -> None:
    example = start()
    with socket.create_connection(("127.0.0.1", example.port)) as connection:
        connection.sendall(b"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
    made = hook(example.url, secret=SECRET)
    made.ping()
    deliver()
    example.await_handled("1 webhook.pinged")


def test_the_same_event_twice_is_handled_once(start: Callable[..., Example], hook: Make, client: Caller) -> None:
    example = start()
    made = hook(example.url, secret=SECRET)
    made.ping()
    deliver()
    assert client.post(f"{made.path}/redeliver", {"after": 0}).json["count"] == 1
    deliver()
    made.ping()
    deliver()
    example.await_handled("1 webhook.pinged", "2 webhook.pinged")
    delivered = [(one["status"], one["event"]["sequence"]) for one in made.deliveries()]
    assert delivered == [("delivered", 1), ("delivered", 1), ("delivered", 2)]


def test_a_receiver_that_was_away_finds_what_it_missed(
    start: Callable[..., Example], hook: Make, client: Caller, organization: Tenant
) -> None:
    example = start()
    made = hook(example.url, secret=SECRET)
    made.ping()
    deliver()
    example.await_handled("1 webhook.pinged")
    example.stop()
    issue(client, organization, 3)
    deliver()
    assert {one["status"] for one in made.deliveries()[1:]} == {"pending"}
    example.start()
    missed = [f"{number} invoice.issued" for number in (2, 3, 4)]
    example.await_handled("1 webhook.pinged", *missed)
    made.ping()
    time_passes()
    deliver()
    example.await_handled("1 webhook.pinged", *missed, "5 webhook.pinged")
    assert {one["status"] for one in made.deliveries()} == {"delivered"}


def test_a_jump_is_filled_page_by_page_from_the_api(
    start: Callable[..., Example], hook: Make, client: Caller, api: Api
) -> None:
    example = start()
    made = hook(example.url, secret=SECRET)
    made.ping()
    deliver()
    made.change(enabled=False)
    with serving(answering()) as other:
        another = hook(other.url())
        for _ in range(150):
            another.ping()
        deliver()
    made.change(enabled=True)
    api.away = True
    made.ping()
    deliver()
    wait_until(lambda: api.refused > 1, 10, "it has not asked again")
    assert example.handled() == ["1 webhook.pinged"]
    api.away = False
    example.await_handled(*(f"{number} webhook.pinged" for number in range(1, 153)))


def test_a_receiver_of_one_family_reads_that_alone(
    start: Callable[..., Example], hook: Make, client: Caller, organization: Tenant
) -> None:
    example = start(EVENT_TYPE="invoice.*")
    made = hook(example.url, "invoice.*", secret=SECRET)
    with serving(answering()) as other:
        another = hook(other.url())
        for change in (dict[str, Any](), {"enabled": False}, {"enabled": True}):
            made.change(**change)
            another.ping()
            issue(client, organization, 1)
            deliver()
    example.await_handled("2 invoice.issued", "4 invoice.issued", "6 invoice.issued")


def test_nothing_answers_once_its_work_has_ended(start: Callable[..., Example]) -> None:
    example = start()

    def ended() -> bool:
        """Press Ctrl-C again as a person would: CPython overlooks a signal that comes just as it begins to wait."""
        example.kill(signal.SIGINT)
        return example.poll() is not None

    wait_until(ended, 10, "it takes events that nobody handles")


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_it_can_be_read_at_once(path: Path) -> None:
    assert len([line for line in path.read_text().splitlines() if line]) <= 40

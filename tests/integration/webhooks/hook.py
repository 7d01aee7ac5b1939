"""A webhook as its owner sees it, and the work behind it done in this process."""

from dataclasses import dataclass
from typing import Any

from domain.events.telling import KIND as SEQUENCE
from domain.webhooks.fan_out import KIND as DELIVER
from tests import chain
from tests.caller import Caller

PATH = "/api/v1/webhooks"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
FAILING = b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
BUSY = b"HTTP/1.1 429 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
WRONG = b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"
MOVED = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
JOBS = "SELECT status, attempts FROM jobs WHERE kind = 'webhook.deliver' ORDER BY id"


@dataclass
class Hook:
    caller: Caller
    shown: dict[str, Any]

    @classmethod
    def create(cls, caller: Caller, url: str, *event_types: str, **more: Any) -> "Hook":
        body = {"url": url, "eventTypes": list(event_types or ("*",)), **more}
        answer = caller.post(PATH, body)
        assert answer.status_code == 201, answer.json
        return cls(caller, answer.json)

    @property
    def path(self) -> str:
        return f"{PATH}/{self.shown['id']}"

    @property
    def secret(self) -> str:
        return self.shown["secret"]

    def now(self) -> dict[str, Any]:
        return self.caller.get(self.path).json

    def ping(self) -> None:
        assert self.caller.post(f"{self.path}/ping").status_code == 202

    def deliveries(self, query: str = "") -> list[dict[str, Any]]:
        """Return the deliveries, the oldest first."""
        return self.caller.get(f"{self.path}/deliveries{query}").json[::-1]

    def change(self, **fields: Any) -> dict[str, Any]:
        body = {name: self.shown[name] for name in ("url", "eventTypes", "description", "enabled")} | fields
        answer = self.caller.put(self.path, body)
        assert answer.status_code == 200, answer.json
        self.shown = answer.json | {"secret": self.secret}
        return answer.json


def number() -> None:
    """Give events their numbers, and owe their deliveries."""
    chain.run_waiting(SEQUENCE)


def deliver() -> None:
    """Number events, and send what is due."""
    number()
    chain.run_waiting(DELIVER)


def time_passes() -> None:
    """Have all that waits be due, and no webhook be left alone any more."""
    chain.ask("UPDATE open_jobs SET available_at = clock_timestamp() WHERE status = 'PENDING'")
    chain.ask("UPDATE outbox SET due_at = clock_timestamp()")
    chain.ask("UPDATE webhooks SET paused_until = NULL")

"""The least client that tells an answer from none, and never asks again by itself."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tests.chaos.histories.record import Exchange

NO_ANSWER = (OSError, http.client.HTTPException, ValueError)


class Wire:
    """Sends an organization's requests and hands each exchange to `record`."""

    def __init__(self, organization: str, key: str, record: Callable[[Exchange], None]) -> None:
        self.organization, self._authorization, self._record = organization, f"Bearer {key}", record

    def send(
        self,
        address: str,
        act: str,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        in_background: bool = False,
        patience: float = 10.0,
    ) -> Exchange:
        """Return what came of one request; no answer within about `patience` seconds is none."""
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        headers |= ({"Idempotency-Key": key} if key else {}) | ({"Prefer": "respond-async"} if in_background else {})
        asked = time.time()
        try:
            status, answer, told = _ask(address, method, path, body, headers, patience)
        except NO_ANSWER:
            status, answer, told = None, None, {}
        times = asked, time.time()
        exchange = Exchange(
            self.organization, act, method, path, body, key, *times, status, answer, "Retry-After" in told
        )
        self._record(exchange)
        return exchange

    def get(self, address: str, path: str) -> Any:
        """Return what the API shows; raise one of NO_ANSWER if it does not."""
        return self._page(address, path)[0]

    def pages(self, address: str, path: str) -> list[Any]:
        """Return all rows of a list; raise as `get` does."""
        rows: list[Any] = []
        while path:
            page, path = self._page(address, path)
            rows += page
        return rows

    def _page(self, address: str, path: str) -> tuple[Any, str]:
        status, content, headers = _ask(address, "GET", path, None, {"Authorization": self._authorization}, 30)
        if status != 200:
            raise http.client.HTTPException(f"{path}: {status} {content}")
        return content, headers.get("Link", "").partition(">")[0].removeprefix("<")


def _ask(
    address: str, method: str, path: str, body: Any, headers: Mapping[str, str], patience: float
) -> tuple[int, Any, Mapping[str, str]]:
    line = http.client.HTTPConnection(address, timeout=patience)
    try:
        line.request(method, path, None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read() or "null", parse_float=Decimal), answer.headers
    finally:
        line.close()

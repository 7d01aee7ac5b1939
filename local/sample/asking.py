"""How the sample company is asked for: over HTTP, each thing under an Idempotency-Key of its own."""

from collections.abc import Iterable, Mapping
from datetime import date
from random import Random
from typing import Any

from local.client import Client
from local.process import wait_until

SEED = 1729
WAIT_TIMEOUT_S = 60


class SampleFailed(Exception):
    """Something was refused, or did not come in time; the message says what."""


class Asking:
    """Makes one thing after the other as of `day`, on which its key was made; the first refusal raises SampleFailed.

    What was made before under the same name is answered again: nothing is made twice.
    """

    def __init__(self, client: Client) -> None:
        self._client, self.random = client, Random(SEED)  # noqa: S311
        key = self.get(f"keys/{self.get('me')['actor'].removeprefix('key:')}")
        self.day = date.fromisoformat(key["createdAt"][:10])

    def make(self, name: str, path: str, body: Mapping[str, Any] | None = None, once: bool = True) -> Any:
        """Return the answer to a POST; `name` says in ASCII what is made, and nothing else has it."""
        status, answer = self._client.post(f"/api/v1/{path}", dict(body or {}), f"sample: {name}" if once else None)
        return self._taken(name, status, answer)

    def upload(self, name: str, path: str, file_name: str, content: bytes) -> Any:
        """Return the answer to a file that is sent."""
        status, answer = self._client.upload(f"/api/v1/{path}", file_name, content, f"sample: {name}")
        return self._taken(name, status, answer)

    def get(self, path: str) -> Any:
        """Return the answer to a GET."""
        status, answer = self._client.get(f"/api/v1/{path}")
        return self._taken(path, status, answer)

    def await_status(self, path: str, ids: Iterable[int], *statuses: str) -> None:
        """Return when each of the documents at `path` has one of the statuses."""
        waiting = list(ids)

        def come() -> bool:
            waiting[:] = [one for one in waiting if self.get(f"{path}/{one}")["status"] not in statuses]
            return not waiting

        if not wait_until(come, WAIT_TIMEOUT_S):
            raise SampleFailed(f"{path} {waiting[0]} is not {' or '.join(statuses)} after {WAIT_TIMEOUT_S} s")

    @staticmethod
    def _taken(name: str, status: int, answer: Any) -> Any:
        if status >= 400:
            told = answer.get("error") if isinstance(answer, dict) else answer
            raise SampleFailed(f"{name} was answered {status}: {told}")
        return answer

"""The least HTTP client that speaks to the API."""

import json
import urllib.error
import urllib.request
from typing import Any

HTTP_TIMEOUT = 30


class Client:
    """Sends requests with one API key; an answer is its status and its body, whatever the status."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and body of GET `path`."""
        return self._send("GET", path)

    def post(self, path: str, body: dict) -> tuple[int, Any]:
        """Return status and body of POST `path` with a JSON body."""
        return self._send("POST", path, json.dumps(body).encode())

    def _send(self, method: str, path: str, data: bytes | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(self._url + path, data, self._headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT) as answer:  # noqa: S310
                return answer.status, _body(answer)
        except urllib.error.HTTPError as error:
            return error.code, _body(error)


def _body(answer) -> Any:
    content = answer.read()
    return json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content

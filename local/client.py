"""The least HTTP client that speaks to the API."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

HTTP_TIMEOUT = 30
# A 409 with Retry-After: the request of this key still runs. A 503: whether it was done is not known, the key tells.
COME_AGAIN = (409, 503)
COME_AGAIN_TIMEOUT_S = 30
BOUNDARY = "counterfoil-7d1a5e0c2f9b4e63"
FORM = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--{BOUNDARY}--\r\n'
).encode()


class Client:
    """Sends requests with one API key; an answer is its status and its body, whatever the status."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and body of GET `path`."""
        return self._send("GET", path)[:2]

    def post(self, path: str, body: dict, key: str | None = None) -> tuple[int, Any]:
        """Return status and body of POST `path` with a JSON body; under a key, come again when the API says so."""
        return self._post(path, json.dumps(body).encode(), key)

    def upload(self, path: str, name: str, content: bytes, key: str) -> tuple[int, Any]:
        """Return status and body of POST `path` with a file; under its key, come again when the API says so."""
        form = FORM % (name.encode(), content)
        return self._post(path, form, key, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})

    def _post(
        self, path: str, data: bytes, key: str | None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, Any]:
        deadline = time.monotonic() + COME_AGAIN_TIMEOUT_S
        headers = {**headers, "Idempotency-Key": key} if key else headers
        while True:
            status, answer, pause = self._send("POST", path, data, headers)
            if not key or not pause or status not in COME_AGAIN or time.monotonic() + pause > deadline:
                return status, answer
            time.sleep(pause)

    def _send(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, Any, int]:
        """Return status, body and Retry-After, 0 without one."""
        request = urllib.request.Request(self._url + path, data, {**self._headers, **headers}, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT) as answer:  # noqa: S310
                return answer.status, _body(answer), 0
        except urllib.error.HTTPError as error:
            return error.code, _body(error), int(error.headers.get("Retry-After", 0))


def _body(answer) -> Any:
    content = answer.read()
    return json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content

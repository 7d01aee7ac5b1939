"""The API as a client sees it, without a server in between."""

from functools import cache
from threading import Lock
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

import settings
from api import create_app

_making = Lock()


def application() -> Flask:
    """Return the application, which all tests of this process share; of several threads the first one makes it."""
    with _making:
        return _application()


@cache
def _application() -> Flask:
    return create_app(settings.current())


class Caller:
    """Sends requests with the key of one organization."""

    def __init__(self, key: str) -> None:
        self._client = application().test_client()
        self._authorization = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("PUT", path, body, **options)

    def delete(self, path: str) -> TestResponse:
        return self.send("DELETE", path)

    def send(self, method: str, path: str, body: Any = None, headers: Any = (), **options: Any) -> TestResponse:
        """Return the answer; `body` is sent as JSON unless it is bytes."""
        if isinstance(body, bytes):
            options = {"data": body, "content_type": "application/json"} | options
        elif body is not None:
            options |= {"json": body}
        return self._client.open(path, method=method, headers=self._authorization | dict(headers), **options)

"""The API on a port of this process, as a receiver in another process asks it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import make_server

from tests.caller import application


@dataclass
class Api:
    """While it is `away` it answers 503, and counts how often."""

    url: str = ""
    away: bool = False
    refused: int = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not self.away:
            return application()(environ, start_response)
        self.refused += 1
        start_response("503 Service Unavailable", [])
        return []


@contextmanager
def listening() -> Iterator[Api]:
    """Serve the API until the end of the `with`."""
    api = Api()
    server = make_server("127.0.0.1", 0, api, threaded=True)
    api.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield api
    server.shutdown()
    server.server_close()

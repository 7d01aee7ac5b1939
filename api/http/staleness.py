"""A caller may say how old an answer may be: `Cache-Control: max-stale=10` (RFC 9111); then a standby may give it."""

from math import ceil

from flask import Flask, Response, request

import settings
from db import staleness


def allow_staleness(app: Flask) -> None:
    """Let lists and audits be as old as their caller and the operator allow; an `Age` says how old one was."""
    app.before_request(_allow)
    app.after_request(_tell)
    app.teardown_request(lambda _: staleness.allow(None))


def _allow() -> None:
    most = request.cache_control.max_stale if request.method == "GET" else None
    limit = settings.current().read_max_age
    staleness.allow(None if most is None else limit if most == "*" else min(int(most), limit))


def _tell(response: Response) -> Response:
    if (age := staleness.noted()) is not None:
        response.headers["Age"] = str(ceil(age))
    return response

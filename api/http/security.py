"""The limits and headers of every answer."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

import settings
from api.http.server import allow_body

MEGABYTE = 1024 * 1024
NOTHING = "default-src 'none'; frame-ancestors 'none'"
READER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
POLICY = "Content-Security-Policy"
HEADERS = {**COMMON, "Content-Security-Policy": NOTHING, "Cache-Control": "no-store"}
READER_HEADERS = {**COMMON, "Content-Security-Policy": READER}
# How many bytes the body of a view may have, where it is not the usual number.
MAX_BODY = "max_body_bytes"


def protect(app: Flask) -> None:
    """Bound what `app` reads and say to browsers what its answers may do."""
    app.before_request(bound_body)
    app.after_request(add_headers)


def accepts_body(view: Callable[..., Any], max_bytes: int) -> None:
    """Let the body of this view have so many bytes, whatever others may have."""
    setattr(view, MAX_BODY, max_bytes)


def bound_body() -> None:
    """Tell the server how large the body may be; raise the 413 for one that is announced larger, before it is read."""
    view = current_app.view_functions.get(request.endpoint or "")
    most = getattr(view, MAX_BODY, settings.current().max_body_mb * MEGABYTE)
    request.max_content_length = most
    allow_body(most)
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge(f"the body must not be larger than {most // MEGABYTE} MB")


def add_headers(response: Response) -> Response:
    """Return the response with its security headers; a file's own policy stays."""
    reader = request.path == "/docs" or request.path.startswith("/docs/")
    own = {POLICY: response.headers[POLICY]} if POLICY in response.headers else {}
    response.headers.update((READER_HEADERS if reader else HEADERS) | own)
    return response

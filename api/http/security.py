"""The limits and headers of every answer."""

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

import settings

MEGABYTE = 1024 * 1024
NOTHING = "default-src 'none'; frame-ancestors 'none'"
READER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
HEADERS = {**COMMON, "Content-Security-Policy": NOTHING, "Cache-Control": "no-store"}
READER_HEADERS = {**COMMON, "Content-Security-Policy": READER}


def protect(app: Flask) -> None:
    """Bound what `app` reads and say to browsers what its answers may do."""
    app.config["MAX_CONTENT_LENGTH"] = settings.current().max_body_mb * MEGABYTE
    app.before_request(refuse_large_body)
    app.after_request(add_headers)


def refuse_large_body() -> None:
    """Raise the 413 for a body that is announced too large, before any of it is read."""
    if (request.content_length or 0) > settings.current().max_body_mb * MEGABYTE:
        raise RequestEntityTooLarge(f"the body must not be larger than {settings.current().max_body_mb} MB")


def add_headers(response: Response) -> Response:
    """Return the response with its security headers."""
    reader = request.path == "/docs" or request.path.startswith("/docs/")
    response.headers.update(READER_HEADERS if reader else HEADERS)
    return response

"""Answers in the API's own words what gunicorn refuses before the application sees the request."""

import json
from typing import Any

from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

MALFORMED = "this is not a valid HTTP/1.1 request"
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "the address of the request must not be longer than 4,094 characters"),
    errors.LimitRequestHeaders: (431, "send at most 100 headers, none of them longer than 8,190 characters"),
    errors.ExpectationFailed: (417, "the only expectation that is met here is Expect: 100-continue"),
    errors.ForbiddenProxyRequest: (403, "this proxy is not trusted here"),
    errors.UnsupportedTransferCoding: (501, "the only Transfer-Encoding that is understood here is chunked"),
}


class ProblemWorker(ThreadWorker):
    """gunicorn's worker with threads, whose refusals are problems (RFC 9457) with the headers of every answer."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer the request that could not be read; a fault of ours is logged and answered 500."""
        if isinstance(exc, errors.ParseException):
            status, detail = next((told for kind, told in REFUSALS.items() if isinstance(exc, kind)), (400, MALFORMED))
            self.log.warning("invalid request from %s: %s", (addr or ("a socket",))[0], type(exc).__name__)
        else:
            status, detail = 500, "something went wrong here; it is logged"
            self.log.error("a request failed", exc_info=exc)
        try:
            write_nonblock(client, _answer(status, detail))
        except OSError:
            self.log.debug("the client has gone before it was answered")


def _answer(status: int, detail: str) -> bytes:
    # Flask is the worker's to load: the arbiter, which imports this module, must not carry it.
    from api.http.problems import MEDIA_TYPE, Refused, problem_body
    from api.http.security import HEADERS

    told = problem_body(Refused(status, detail))
    body = json.dumps(told).encode()
    headers = {**HEADERS, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} {told['title']}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body

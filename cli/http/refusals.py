"""The API's own words for a request that never reaches the application."""

import json

from gunicorn.http import errors

from api.http.problems import MEDIA_TYPE, Refused, problem_body
from api.http.security import HEADERS, MEGABYTE
from cli.http.arrival import Prefixed
from cli.http.chunks import TooLarge

MALFORMED = "this is not a valid HTTP/1.1 request"
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "the address of the request must not be longer than 4,094 characters"),
    errors.LimitRequestHeaders: (
        431, "send at most 100 headers, none of them longer than 8,190 characters, and 32 KB of them in all"
    ),
    errors.ExpectationFailed: (417, "the only expectation that is met here is Expect: 100-continue"),
    errors.UnsupportedTransferCoding: (501, "the only Transfer-Encoding that is understood here is chunked"),
    errors.InvalidChunkSize: (400, "the chunks of the body are broken"),
    errors.ChunkMissingTerminator: (400, "the chunks of the body are broken"),
    errors.ParseException: (400, MALFORMED),
    Prefixed: (400, "no header may put the path below a prefix; let the proxy send the path as it is here"),
}  # fmt: skip
READ_ERRORS = (errors.ParseException, TooLarge, Prefixed)


def refusal(error: Exception, max_body_bytes: int) -> tuple[int, str]:
    """Return status and detail for an error of READ_ERRORS; nothing of what the client has sent is repeated."""
    if isinstance(error, TooLarge):
        most = max_body_bytes // MEGABYTE
        return 413, f"the body must not be larger than {most} MB, nor come in more than 10,000 chunks"
    return next(told for kind, told in REFUSALS.items() if isinstance(error, kind))


def answer(status: int, detail: str) -> bytes:
    """Return the whole answer: a problem (RFC 9457) with the headers of every answer; the connection ends with it."""
    told = problem_body(Refused(status, detail))
    body = json.dumps(told).encode()
    headers = {**HEADERS, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} {told['title']}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body

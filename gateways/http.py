"""Posts to addresses that strangers wrote down: guarded, within one deadline, believing nothing of the answer."""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

import httpcore

from gateways import certificates, guard, require_outside
from gateways.guard import Refused, Target, check
from gateways.streams import Budget, EnoughRead, Network, Stale, Unsent

__all__ = ["Answer", "Receiver", "Refused", "Unsent", "check", "check_headers"]

SECONDS = 15.0
LONGEST_BODY = 64 * 1024
# Chunks of one byte with their sizes and extensions may be many times as long as what they carry.
BODY_ROOM = 4 * LONGEST_BODY
# Less than the servers in common use keep a connection, so that seldom one is closed as a post is on its way.
KEPT_S = 4.0
OWN = {
    "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent",
}  # fmt: skip
NEEDED = {"content-type", "location", "retry-after"}
NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
VALUE = re.compile(r"(?:[!-~\xa1-\xff](?:[\t -~\xa0-\xff]*[!-~\xa1-\xff])?)?")


class Answer(NamedTuple):
    """What a receiver said: nothing of it is decompressed, decoded or followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Receiver:
    """One endpoint: its connections are kept between posts, which several threads may make at once."""

    def __init__(self, url: str, connections: int = 4):
        """Raise Refused for everything that `check` finds in the `url`."""
        self._target = guard.target(url)
        encrypted = self._target.scheme == "https"
        self._pool = httpcore.ConnectionPool(
            ssl_context=certificates.context() if encrypted else None,
            max_connections=connections,
            keepalive_expiry=KEPT_S,
            network_backend=Network(self._target),
        )

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *raised: object) -> None:
        self._pool.close()

    def post(self, headers: Mapping[str, str], body: bytes, seconds: float = SECONDS) -> Answer:
        """Return the receiver's answer, whatever its status; raise Refused, or Unsent after `seconds` at the latest."""
        require_outside()
        check_headers(headers)
        budget = Budget(seconds)
        request = _request(self._target, headers, body, budget)
        try:
            return self._answer(request, budget)
        except Unsent as unsent:
            unsent.seconds = budget.elapsed()
            raise
        except httpcore.PoolTimeout:
            raise Unsent(f"no connection was free within {seconds:g} s", budget.elapsed()) from None
        except httpcore.RemoteProtocolError as error:
            raise Unsent(_disorder(budget), budget.elapsed()) from error

    def _answer(self, request: httpcore.Request, budget: Budget) -> Answer:
        response = self._sent(request)
        try:
            budget.begin_body(BODY_ROOM)
            body = _read(response)
        finally:
            response.close()
        told = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers)
        headers = {name: value for name, value in told if name in NEEDED}
        return Answer(response.status, headers, body, budget.elapsed())

    def _sent(self, request: httpcore.Request) -> httpcore.Response:
        # Each stale connection is gone then, so that this ends. Without it a receiver that closes what it has not said
        # it would close costs an attempt; one that had the post after all knows it by its id, as after any failure.
        while True:
            with suppress(Stale):
                return self._pool.handle_request(request)


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise Refused unless the owner of a webhook may have each of these `headers` sent."""
    for name, value in headers.items():
        if not NAME.fullmatch(name):
            raise Refused(f"the header {name[:100]!r} has no name: letters, digits and hyphens")
        if name.lower() in OWN:
            raise Refused(f"the header {name} is set by Counterfoil itself: leave it out")
        if not VALUE.fullmatch(value):
            raise Refused(f"the header {name} has a line break, a space at an end, or letters outside of ISO 8859-1")
    if len({name.lower() for name in headers}) < len(headers):
        raise Refused("a header is there twice: upper and lower case are one name")


def _request(target: Target, headers: Mapping[str, str], body: bytes, budget: Budget) -> httpcore.Request:
    own = {
        "Host": target.authority,
        "User-Agent": _user_agent(),
        "Accept-Encoding": "identity",
        "Content-Length": str(len(body)),
    }
    waits = {"connect": budget, "read": budget, "write": budget, "pool": budget.seconds}
    parts = (target.scheme.encode(), target.host.encode(), target.port, target.path.encode())
    return httpcore.Request(
        "POST",
        httpcore.URL(scheme=parts[0], host=parts[1], port=parts[2], target=parts[3]),
        headers=[(name.encode(), value.encode("latin-1")) for name, value in (own | dict(headers)).items()],
        content=body,
        extensions={"timeout": waits},
    )


def _read(response: httpcore.Response) -> bytes:
    """Return the beginning of the body; a connection with more to come is closed, not read to its end."""
    body = bytearray()
    try:
        for part in response.iter_stream():
            body += part
            if len(body) >= LONGEST_BODY:
                break
    except EnoughRead:
        pass
    return bytes(body[:LONGEST_BODY])


def _disorder(budget: Budget) -> str:
    if not budget.closed:
        return "the answer is not HTTP/1.1"
    return (
        "the connection was closed in the middle of the answer"
        if budget.received
        else "the connection was closed before the answer"
    )


@cache
def _user_agent() -> str:
    return f"Counterfoil/{version('counterfoil')}"

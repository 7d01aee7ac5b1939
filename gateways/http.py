"""Posts to addresses that strangers wrote down: guarded, within one deadline, believing nothing of the answer.

To a provider, whose address the operator wrote down, it posts without the guard, and with all else.
"""

import re
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import NamedTuple, Self

import httpcore

from gateways import certificates, guard, require_outside
from gateways.guard import MAILBOXES, Refused, Target, check
from gateways.streams import Budget, EnoughRead, Network, Stale, Unsent

__all__ = ["MAILBOXES", "Answer", "Provider", "Receiver", "Refused", "Unsent", "check", "check_headers"]

SECONDS = 15.0
LONGEST_BODY = 64 * 1024
# Of a page with thousands of words, each letter with its place.
LONGEST_OF_PROVIDER = 16 * 1024 * 1024
# Chunks of one byte with their sizes and extensions may be many times as long as what they carry.
CHUNKS_ROOM = 4
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
    """One endpoint: its connections are kept between posts, which several threads may make at once.

    Each connection is one thread's while it is used. httpcore's own pool looks at those of others: it finds one with an
    answer that has just come, believes that the receiver has closed it, and closes it under its thread.
    """

    longest_body = LONGEST_BODY

    def __init__(self, url: str, connections: int = 4, setting: str = guard.WEBHOOKS):
        """Raise Refused for everything that `check` finds in the `url`; `setting` is the one that allows networks."""
        self._target = self._checked(url, setting)
        self._trust = certificates.context("http/1.1") if self._target.scheme == "https" else None
        self._free = threading.BoundedSemaphore(connections)
        self._idle: deque[httpcore.HTTPConnection] = deque()

    @staticmethod
    def _checked(url: str, setting: str) -> Target:
        return guard.target(url, setting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for connection in self._idle:
            connection.close()

    def post(self, headers: Mapping[str, str], body: bytes, seconds: float = SECONDS) -> Answer:
        """Return the receiver's answer, whatever its status; raise Refused, or Unsent after `seconds` at the latest."""
        require_outside()
        return self._asked("POST", headers, body, seconds)

    def _asked(self, method: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
        check_headers(headers)
        budget = Budget(seconds)
        request = _request(self._target, method, headers, body, budget)
        try:
            return self._answer_in_turn(request, budget)
        except Unsent as unsent:
            unsent.seconds = budget.elapsed()
            raise
        except httpcore.RemoteProtocolError as error:
            raise Unsent(_disorder(budget), budget.elapsed()) from error

    def _answer_in_turn(self, request: httpcore.Request, budget: Budget) -> Answer:
        if not self._free.acquire(timeout=budget.left()):
            raise Unsent(f"no connection was free within {budget.seconds:g} s")
        try:
            # Each stale connection is gone then, so that this ends. Without it a receiver that closes what it has not
            # said it would close costs an attempt; one that had the post after all knows it by its id.
            while True:
                with suppress(Stale):
                    return self._answer(request, budget)
        finally:
            self._free.release()

    def _answer(self, request: httpcore.Request, budget: Budget) -> Answer:
        connection = self._connection()
        try:
            response = connection.handle_request(request)
            try:
                budget.begin_body(CHUNKS_ROOM * self.longest_body)
                return Answer(response.status, _needed(response), _read(response, self.longest_body), budget.elapsed())
            finally:
                response.close()
        finally:
            if connection.is_available():  # httpcore has closed any other
                self._idle.append(connection)

    def _connection(self) -> httpcore.HTTPConnection:
        """Return a connection that was kept, if there is one that the receiver has left open, or one yet to be made."""
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if not connection.has_expired():
                    return connection
                connection.close()
        return httpcore.HTTPConnection(
            _url(self._target).origin,
            ssl_context=self._trust,
            keepalive_expiry=KEPT_S,
            network_backend=Network(self._target),
        )


class Provider(Receiver):
    """A service that the operator chose: it may be in this network, and its answers are longer."""

    longest_body = LONGEST_OF_PROVIDER

    def get(self, headers: Mapping[str, str], seconds: float) -> Answer:
        """Return what the service has there, as `post` does."""
        require_outside()
        return self._asked("GET", headers, b"", seconds)

    @staticmethod
    def _checked(url: str, setting: str) -> Target:
        return guard.trusted(url)


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


def _request(target: Target, method: str, headers: Mapping[str, str], body: bytes, budget: Budget) -> httpcore.Request:
    own = {
        "Host": target.authority,
        "User-Agent": _user_agent(),
        "Accept-Encoding": "identity",
        "Content-Length": str(len(body)),
    }
    return httpcore.Request(
        method,
        _url(target),
        headers=[(name.encode(), value.encode("latin-1")) for name, value in (own | dict(headers)).items()],
        content=body,
        extensions={"timeout": dict.fromkeys(("connect", "read", "write"), budget)},
    )


def _url(target: Target) -> httpcore.URL:
    host, path = target.host.encode(), target.path.encode()
    return httpcore.URL(scheme=target.scheme.encode(), host=host, port=target.port, target=path)


def _needed(response: httpcore.Response) -> dict[str, str]:
    told = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers)
    return {name: value for name, value in told if name in NEEDED}


def _read(response: httpcore.Response, longest: int) -> bytes:
    """Return the beginning of the body; a connection with more to come is closed, not read to its end."""
    body = bytearray()
    try:
        for part in response.iter_stream():
            body += part
            if len(body) >= longest:
                break
    except EnoughRead:
        pass
    return bytes(body[:longest])


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

"""A request as its bytes come in, each part refused as soon as it breaks a limit."""

import re
from collections.abc import Callable
from typing import Any

from gunicorn.http import errors
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

from cli.http.chunks import Chunks

END_OF_HEAD = b"\r\n\r\n"
MAX_HEAD_BYTES = 32 * 1024
# They would move the path below a prefix, behind the back of a proxy that allows some paths only.
PREFIX_HEADERS = re.compile(rb"\n(script_name|path_info|x-forwarded-prefix|x-script-name)[ \t]*:", re.IGNORECASE)


class Prefixed(Exception):
    """A header would put the path below a prefix."""


class Arrival:
    """One request, and what of the next one came behind it; `request` is there once its head is.

    `feed` raises TooLarge, Prefixed, or one of gunicorn's errors: the connection then has to be closed.
    """

    def __init__(self, cfg: Any, peer: Any, max_body_bytes: int) -> None:
        """Bound no body before `allow` says how much this request may have: only then is the refusal the right one."""
        self._cfg, self._peer, self.max_body_bytes = cfg, peer, max_body_bytes
        self._received = bytearray()
        self.request: Request | None = None
        self.body = bytearray()
        self.complete = False
        self._take_body: Callable[[], bool] = lambda: False
        self._chunks: Chunks | None = None
        self._length = 0

    @property
    def begun(self) -> bool:
        """Return whether any byte of the request is there."""
        return bool(self._received) or self.request is not None

    @property
    def held_bytes(self) -> int:
        """Return how much is kept here."""
        return len(self._received) + len(self.body)

    @property
    def rest(self) -> bytearray:
        """Return what came behind the complete request."""
        return self._received

    def feed(self, data: bytes | bytearray) -> None:
        """Take what the client has sent."""
        searched = max(0, len(self._received) - len(END_OF_HEAD))
        self._received += data
        if self.request is None:
            self._find_head(searched)
        if self.request is not None and not self.complete:
            self.complete = self._take_body()

    @property
    def expected_bytes(self) -> int:
        """Return how large the body is, or may be if it comes in chunks."""
        return self.max_body_bytes if self._chunks else self._length

    def allow(self, max_body_bytes: int) -> None:
        """Have the body be so large at the most."""
        self.max_body_bytes = max_body_bytes
        if self._chunks:
            self._chunks.max_bytes = max_body_bytes

    @property
    def is_too_large(self) -> bool:
        """Return whether the body is announced larger than was allowed."""
        announced = len(self.body) + self._chunks.missing if self._chunks else self._length
        return announced > self.max_body_bytes

    def expects_continue(self) -> bool:
        """Return whether the client sends the body only when it is told to (RFC 9110, 10.1.1)."""
        assert self.request  # noqa: S101
        headers = dict(self.request.headers)
        return self.request.version > (1, 0) and headers.get("EXPECT", "").lower() == "100-continue"

    def _find_head(self, searched: int) -> None:
        end = self._received.find(END_OF_HEAD, searched)
        if end < 0:
            self._refuse_endless_head(searched)
            return
        if end > MAX_HEAD_BYTES:
            raise errors.LimitRequestHeaders("head")
        head = bytes(self._received[: end + len(END_OF_HEAD)])
        del self._received[: len(head)]
        if PREFIX_HEADERS.search(head):
            raise Prefixed
        try:
            self.request = next(RequestParser(self._cfg, [head], self._peer))
        except (StopIteration, errors.NoMoreData):
            raise errors.InvalidRequestLine("") from None
        self._choose_body(self.request.body.reader)

    def _refuse_endless_head(self, searched: int) -> None:
        new = self._received[searched:]
        if new.count(b"\n") > new.count(b"\r\n") + (new[:1] == b"\n"):
            raise errors.InvalidHeader("")  # a bare LF ends no line, so the head would never end
        if b"\r\n" not in self._received and len(self._received) > self._cfg.limit_request_line:
            raise errors.LimitRequestLine(len(self._received), self._cfg.limit_request_line)
        if len(self._received) > MAX_HEAD_BYTES:
            raise errors.LimitRequestHeaders("head")

    def _choose_body(self, reader: ChunkedReader | LengthReader) -> None:
        if isinstance(reader, ChunkedReader):
            self._chunks = chunks = Chunks()
            self._take_body = lambda: chunks.take(self._received, self.body)
        else:
            self._length = reader.length
            self._take_body = self._take_length

    def _take_length(self) -> bool:
        piece = self._received[: self._length - len(self.body)]
        self.body += piece
        del self._received[: len(piece)]
        return len(self.body) == self._length

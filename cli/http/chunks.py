"""A chunked body, decoded as it comes (RFC 9112, 7.1)."""

import re
import sys

from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, InvalidHeader, LimitRequestHeaders

SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")
MAX_LINE_BYTES = 1024
MAX_TRAILER_BYTES = 8 * 1024
# A body in single bytes would cost a hundred times the work of the same body in one piece.
MAX_CHUNKS = 10_000


class TooLarge(Exception):
    """The body is larger than one may be, or in too many chunks."""


class Chunks:
    """Decodes one body; raises one of gunicorn's errors for what is no chunk, and TooLarge beyond `max_bytes`."""

    def __init__(self) -> None:
        self.max_bytes = sys.maxsize
        self.missing = self._count = self._trailer_bytes = 0
        self._line_ends_data = self._in_trailer = False

    def take(self, received: bytearray, body: bytearray) -> bool:
        """Move what is there from `received` to `body`; return whether that was the end of it."""
        while True:
            if self.missing:
                piece = received[: self.missing]
                del received[: len(piece)]
                body += piece
                self.missing -= len(piece)
                if self.missing:
                    return False
            line = _line(received)
            if line is None:
                return False
            if self._ends(line, len(body)):
                return True

    def _ends(self, line: bytes, size: int) -> bool:
        """Take a line outside the data; return whether it was the last of the body."""
        if self._line_ends_data:
            if line:
                raise ChunkMissingTerminator(b"")
            self._line_ends_data = False
        elif self._in_trailer:
            return self._take_trailer(line)
        else:
            self._take_size(line, size)
        return False

    def _take_size(self, line: bytes, size: int) -> None:
        found = SIZE.fullmatch(line)
        if not found:
            raise InvalidChunkSize(b"")
        self.missing = int(found[1], 16)
        self._count += 1
        if size + self.missing > self.max_bytes or self._count > MAX_CHUNKS:
            raise TooLarge
        self._line_ends_data = self.missing > 0
        self._in_trailer = self.missing == 0

    def _take_trailer(self, line: bytes) -> bool:
        self._trailer_bytes += len(line)
        if self._trailer_bytes > MAX_TRAILER_BYTES:
            raise LimitRequestHeaders("trailer")
        if line and not TRAILER.fullmatch(line):
            raise InvalidHeader("")
        return not line


def _line(received: bytearray) -> bytes | None:
    """Return the first line, taken out of `received`, or None while it is not all there."""
    end = received.find(b"\n", 0, MAX_LINE_BYTES)
    if end < 0:
        if len(received) >= MAX_LINE_BYTES:
            raise InvalidChunkSize(b"")
        return None
    line = bytes(received[: end + 1])
    del received[: end + 1]
    if not line.endswith(b"\r\n"):
        raise InvalidChunkSize(b"")
    return line[:-2]

"""A bucket of a server that speaks S3: Amazon's, RustFS, MinIO and others.

One connection for each call, and one request for each file, which names the SHA-256 that the server has to find.
"""

import http.client
import re
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import SplitResult, urlsplit

from gateways import certificates
from gateways.storage.content import Content
from gateways.storage.faults import Misconfigured, Missing, Unavailable
from gateways.storage.signature import Signer, digest, encoded

# For a whole answer or a whole file on its way there; and for each piece of a file on its way here, which may be sent
# on to a slow client meanwhile.
CALL_S, PIECE_S = 15.0, 5.0
PIECE_BYTES = 64 * 1024
MAX_FAULT_BYTES = 4096
NOTHING = digest(b"")
CODE = re.compile(rb"<Code>(\w{1,64})</Code>")
AMAZONS_FIRST = "us-east-1"
IN_REGION = (
    '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"
)


@dataclass(frozen=True)
class Bucket:
    """Keeps each file under its key, below the prefix."""

    name: str
    prefix: str
    endpoint: str
    public_endpoint: str
    signer: Signer

    def write(self, key: str, file: BinaryIO, size: int, sha256: bytes) -> None:
        """Write the file; make the bucket first if there is none."""
        status, said = self._put(self._path(key), file, size, sha256)
        if status == 404:
            self._make()
            status, said = self._put(self._path(key), file, size, sha256)
        _require(status, said)

    def read(self, key: str) -> Content:
        call = Call(self, "GET", self._path(key), CALL_S)
        try:
            answer = call.answer()
            if answer.status == 404:
                raise Missing(key)
            if answer.status != 200:
                _require(answer.status, call.rest())
        except BaseException:
            call.close()
            raise
        return Content(call.pieces(), call.close)

    def size(self, key: str) -> int | None:
        with closing(Call(self, "HEAD", self._path(key), CALL_S)) as call:
            answer = call.answer()
            if answer.status == 404:
                return None
            _require(answer.status, b"")
            return int(answer.headers.get("Content-Length", 0))

    def delete(self, key: str) -> None:
        """Delete the file; S3 says nothing of one that is not there."""
        with closing(Call(self, "DELETE", self._path(key), CALL_S)) as call:
            answer = call.answer()
            if answer.status != 404:
                _require(answer.status, call.rest())

    def signed_url(self, key: str, seconds: int, disposition: str, media_type: str) -> str | None:
        if not self.public_endpoint:
            return None
        asked = {"response-content-disposition": disposition, "response-content-type": media_type}
        origin = self.public_endpoint.rstrip("/")
        return self.signer.url(origin, _host(urlsplit(origin)), self._path(key), seconds, now(), asked)

    def _path(self, key: str) -> str:
        return encoded("/" + "/".join(filter(None, (self.name, self.prefix, key))))

    def _put(self, path: str, file: BinaryIO, size: int, sha256: bytes) -> tuple[int, bytes]:
        file.seek(0)
        with closing(Call(self, "PUT", path, CALL_S, sha256, size)) as call:
            call.send(file)
            return call.answer().status, call.rest()

    def _make(self) -> None:
        region = self.signer.region
        body = b"" if region == AMAZONS_FIRST else IN_REGION.format(region).encode()
        with closing(Call(self, "PUT", encoded(f"/{self.name}"), CALL_S, digest(body), len(body))) as call:
            call.send_bytes(body)
            answer = call.answer()
            if answer.status != 409:  # another process has made it meanwhile
                _require(answer.status, call.rest())


class Call:
    """One signed request and its answer, within so many seconds."""

    def __init__(
        self, bucket: Bucket, method: str, path: str, seconds: float, sha256: bytes = NOTHING, size: int = 0
    ) -> None:
        self._until = time.monotonic() + seconds
        self._where = f"the storage at {bucket.endpoint}"
        url = urlsplit(bucket.endpoint)
        headers = bucket.signer.headers(method, _host(url), path, sha256, now())
        self._connection = _connection(url)
        self._response: http.client.HTTPResponse | None = None
        try:
            self._connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if method == "PUT":
                headers["content-length"] = str(size)
            for name, value in headers.items():
                self._connection.putheader(name, value)
            self._connection.endheaders()
        except OSError as error:
            self.close()
            raise self._fault(error) from error

    def send(self, file: BinaryIO) -> None:
        """Send the body; a server that has answered before its end needs no more of it."""
        while piece := file.read(PIECE_BYTES):
            if not self.send_bytes(piece):
                return

    def send_bytes(self, data: bytes) -> bool:
        """Send a piece of the body; return whether the server still listens."""
        try:
            self._limit()
            self._connection.send(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        except OSError as error:
            raise self._fault(error) from error
        return True

    def answer(self) -> http.client.HTTPResponse:
        """Return the answer, of which nothing but the head was read."""
        try:
            self._limit()
            self._response = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise self._fault(error) from error
        return self._response

    def rest(self) -> bytes:
        """Return the beginning of the answer's body."""
        assert self._response  # noqa: S101
        with suppress(OSError, http.client.HTTPException):
            return self._response.read(MAX_FAULT_BYTES)
        return b""

    def pieces(self) -> Iterator[bytes]:
        """Yield the answer's body, of which each piece may take its time."""
        assert self._response  # noqa: S101
        left = int(self._response.headers.get("Content-Length", 0))
        while left:
            try:
                piece = self._response.read(min(left, PIECE_BYTES))
            except (OSError, http.client.HTTPException) as error:
                raise self._fault(error) from error
            if not piece:
                raise Unavailable(f"{self._where} ended its answer too early")
            left -= len(piece)
            yield piece

    def close(self) -> None:
        """End the connection."""
        if self._response:
            self._response.close()  # it may have taken the socket over
        self._connection.close()

    def _limit(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._connection.sock:
            self._connection.sock.settimeout(min(left, PIECE_S))

    def _fault(self, error: Exception) -> Unavailable:
        if isinstance(error, TimeoutError):
            return Unavailable(f"{self._where} does not answer in time")
        reason = error.strerror if isinstance(error, OSError) else ""
        return Unavailable(f"{self._where} cannot be reached: {reason or type(error).__name__}")


def now() -> datetime:
    """Return the time by this machine's clock: S3 refuses what is dated a quarter of an hour beside its own."""
    return datetime.now(UTC)


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        return http.client.HTTPSConnection(host, url.port, timeout=PIECE_S, context=certificates.context())
    return http.client.HTTPConnection(host, url.port, timeout=PIECE_S)


def _host(url: SplitResult) -> str:
    """Return what the Host header says, without the port that goes without saying."""
    usual = {"http": 80, "https": 443}[url.scheme]
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else str(url.hostname)
    return host if url.port in (None, usual) else f"{host}:{url.port}"


def _require(status: int, said: bytes) -> None:
    """Raise what the answer means, unless it says that it was done."""
    if 200 <= status < 300:
        return
    found = CODE.search(said)
    code = f" ({found[1].decode()})" if found else ""
    if status in (408, 429) or status >= 500:
        raise Unavailable(f"the storage answered {status}{code}")
    raise Misconfigured(f"the storage answered {status}{code}: look at its endpoint, region, bucket and keys")

"""AWS Signature Version 4, by which S3 knows who asks, and that nobody on the way has changed what is asked for."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
ANY_BODY = "UNSIGNED-PAYLOAD"
SAFE = "-._~"


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def encoded(path: str) -> str:
    """Return a path as it is sent and signed."""
    return quote(path, safe="/" + SAFE)


def query(parameters: Mapping[str, str]) -> str:
    """Return the parameters of a URL as they are sent and signed."""
    return "&".join(f"{quote(name, safe=SAFE)}={quote(parameters[name], safe=SAFE)}" for name in sorted(parameters))


@dataclass(frozen=True)
class Signer:
    """Signs for one access key in one region."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str

    def headers(
        self, method: str, host: str, path: str, sha256: bytes, at: datetime, asked: str = ""
    ) -> dict[str, str]:
        """Return the headers of a request whose body has this digest; `path` and `asked`, its query, are encoded."""
        signed = {"host": host, "x-amz-content-sha256": sha256.hex(), "x-amz-date": _stamp(at)}
        signature = self._signature(method, path, asked, signed, sha256.hex(), at)
        credential = f"{self.access_key}/{self._scope(at)}"
        told = f"{ALGORITHM} Credential={credential}, SignedHeaders={';'.join(signed)}, Signature={signature}"
        return {**signed, "authorization": told}

    def url(self, origin: str, host: str, path: str, seconds: int, at: datetime, asked: Mapping[str, str]) -> str:
        """Return an address that may be read for `seconds` from `at`; `path` is encoded, and `asked` is not."""
        parameters = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.access_key}/{self._scope(at)}",
            "X-Amz-Date": _stamp(at),
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
            **asked,
        }
        signature = self._signature("GET", path, query(parameters), {"host": host}, ANY_BODY, at)
        return f"{origin}{path}?{query(parameters)}&X-Amz-Signature={signature}"

    def _scope(self, at: datetime) -> str:
        return f"{at.astimezone(UTC):%Y%m%d}/{self.region}/s3/aws4_request"

    def _signature(
        self, method: str, path: str, asked: str, headers: Mapping[str, str], body: str, at: datetime
    ) -> str:
        lines = [f"{name}:{value}" for name, value in headers.items()]
        request = "\n".join([method, path, asked, *lines, "", ";".join(headers), body])
        told = "\n".join([ALGORITHM, _stamp(at), self._scope(at), digest(request.encode()).hex()])
        key = f"AWS4{self.secret_key}".encode()
        for part in self._scope(at).split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, told.encode(), "sha256").hex()


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"

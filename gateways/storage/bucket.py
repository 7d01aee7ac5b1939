"""A bucket of a server that speaks S3: Amazon's, RustFS, MinIO and others; botocore speaks to it.

A client belongs to the process that made it: one that is forked from it makes its own.
"""

import base64
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO, TypeVar

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from gateways.storage.content import Content
from gateways.storage.faults import Misconfigured, Missing, Unavailable

CONNECT_S, ANSWER_S, CONNECTIONS = 3, 10, 20
PIECE_BYTES = 64 * 1024
AMAZONS_FIRST = "us-east-1"
UNSIGNED = "no keys for the bucket were found: set COUNTERFOIL_STORAGE_ACCESS_KEY and COUNTERFOIL_STORAGE_SECRET_KEY"
THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
COME_AGAIN = {408, 429, *range(500, 600)}
Result = TypeVar("Result")


@dataclass(frozen=True)
class Bucket:
    """Keeps each file under its key, below the prefix."""

    name: str
    prefix: str
    endpoint: str
    public_endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)

    def write(self, key: str, file: BinaryIO, size: int, sha256: bytes) -> None:
        """Write the file, whose digest the server checks; make the bucket first if there is none."""
        try:
            self._put(key, file, size, sha256)
        except Missing:
            self._make()
            self._put(key, file, size, sha256)

    def read(self, key: str) -> Content:
        body = self._said("get_object", key)["Body"]
        return Content(_pieces(body), body.close)

    def size(self, key: str) -> int | None:
        try:
            return int(self._said("head_object", key)["ContentLength"])
        except Missing:
            return None

    def delete(self, key: str) -> None:
        """Delete the file; S3 says nothing of one that is not there."""
        self._said("delete_object", key)

    def signed_url(self, key: str, seconds: int, disposition: str, media_type: str) -> str | None:
        if not self.public_endpoint:
            return None
        asked = {
            "Bucket": self.name,
            "Key": self._path(key),
            "ResponseContentDisposition": disposition,
            "ResponseContentType": media_type,
        }
        return self._tried(
            lambda: self._client(self.public_endpoint).generate_presigned_url("get_object", asked, ExpiresIn=seconds)
        )

    def _put(self, key: str, file: BinaryIO, size: int, sha256: bytes) -> None:
        file.seek(0)
        self._said("put_object", key, Body=file, ContentLength=size, ChecksumSHA256=base64.b64encode(sha256).decode())

    def _make(self) -> None:
        where = {} if self.region == AMAZONS_FIRST else {"LocationConstraint": self.region}
        asked = {"CreateBucketConfiguration": where} if where else {}
        try:
            self._client(self.endpoint).create_bucket(Bucket=self.name, **asked)
        except ClientError as error:
            if error.response["Error"]["Code"] not in THERE:  # another process may have made it meanwhile
                raise _fault(error) from error

    def _said(self, operation: str, key: str, **asked: Any) -> dict[str, Any]:
        return self._tried(
            lambda: getattr(self._client(self.endpoint), operation)(Bucket=self.name, Key=self._path(key), **asked)
        )

    def _path(self, key: str) -> str:
        return "/".join(filter(None, (self.prefix, key)))

    def _tried(self, act: Callable[[], Result]) -> Result:
        try:
            return act()
        except ClientError as error:
            raise _fault(error) from error
        except (NoCredentialsError, PartialCredentialsError):
            raise Misconfigured(UNSIGNED) from None
        except ReadTimeoutError:
            raise Unavailable(f"the storage at {self.endpoint} does not answer in time") from None
        except (BotoCoreError, HTTPClientError) as error:
            raise Unavailable(f"the storage at {self.endpoint} cannot be reached ({type(error).__name__})") from error

    def _client(self, endpoint: str) -> Any:
        return _client_of(os.getpid(), endpoint, self.region, self.access_key, self.secret_key)


@lru_cache(maxsize=4)
def _client_of(pid: int, endpoint: str, region: str, access_key: str, secret_key: str) -> Any:
    """Return the client of one process, whose threads share it and its connections."""
    return botocore.session.get_session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=access_key or None,
        aws_secret_access_key=secret_key or None,
        config=Config(
            connect_timeout=CONNECT_S,
            read_timeout=ANSWER_S,
            retries={"total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
            signature_version="s3v4",
            # Some servers know neither bucket names in host names nor checksums at the end of a body.
            s3={"addressing_style": "path", "payload_signing_enabled": True},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _pieces(body: Any) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(PIECE_BYTES)
    except (BotoCoreError, HTTPClientError) as error:
        raise Unavailable(f"the storage ended its answer too early ({type(error).__name__})") from error


def _fault(error: ClientError) -> Missing | Unavailable:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    told = f"the storage answered {status} ({error.response['Error']['Code']})"
    if status == 404:
        return Missing(told)
    if status in COME_AGAIN:
        return Unavailable(told)
    return Misconfigured(f"{told}: look at its endpoint, region, bucket and keys")

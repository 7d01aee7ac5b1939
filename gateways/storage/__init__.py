"""Where files are kept: a folder, or a bucket of a server that speaks S3.

A process may fork whenever it likes: the child makes connections of its own. Each call ends within its time.
"""

import secrets
from hashlib import sha256 as sha256_of
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

import settings
from gateways import require_outside
from gateways.storage.content import Content
from gateways.storage.faults import Misconfigured, Missing, Unavailable
from gateways.storage.folder import Folder

if TYPE_CHECKING:
    from gateways.storage.bucket import Bucket

__all__ = ["Content", "Misconfigured", "Missing", "Unavailable"]

PROBE = "0/probe-{}"
UNSET = "this installation keeps no files yet: its operator sets COUNTERFOIL_STORAGE_URL"


def write(key: str, file: BinaryIO, size: int, sha256: bytes) -> None:
    """Write `size` bytes from the beginning of `file` under the key: whole and safe from a crash, or not at all.

    Raise Unavailable, or Misconfigured.
    """
    require_outside()
    _place().write(key, file, size, sha256)


def read(key: str) -> Content:
    """Return what is under the key, in pieces; raise Missing, Unavailable or Misconfigured, now or between pieces."""
    require_outside()
    return _place().read(key)


def size(key: str) -> int | None:
    """Return how many bytes are under the key, None if nothing is; raise Unavailable or Misconfigured."""
    require_outside()
    return _place().size(key)


def delete(key: str) -> None:
    """Have nothing under the key, also nothing of a write that was cut off; raise Unavailable or Misconfigured."""
    require_outside()
    _place().delete(key)


def probe() -> None:
    """Write and delete a small file; raise Unavailable, or Misconfigured if that cannot work at any time."""
    require_outside()
    key, body = PROBE.format(secrets.token_hex(8)), b"probe"
    place = _place()
    place.write(key, BytesIO(body), len(body), sha256_of(body).digest())
    place.delete(key)


def signed_url(key: str, seconds: int, disposition: str, media_type: str) -> str | None:
    """Return an address where anybody may read the file for `seconds`; None where clients do not reach the storage.

    The server then answers with this Content-Disposition and this Content-Type.
    """
    return _place().signed_url(key, seconds, disposition, media_type)


def is_set() -> bool:
    """Return whether there is a storage at all."""
    return bool(settings.current().storage_url)


def _place() -> "Folder | Bucket":
    given = settings.current()
    url = urlsplit(given.storage_url)
    if url.scheme == "file":
        return Folder(Path(unquote(url.path)))
    if url.scheme != "s3":
        raise Misconfigured(UNSET)
    # Loaded only where there is a bucket: it takes a tenth of the time in which a part starts, and 7 MB.
    from gateways.storage.bucket import Bucket

    amazon = f"https://s3.{given.storage_region}.amazonaws.com"
    return Bucket(
        url.netloc,
        url.path.strip("/"),
        given.storage_endpoint or amazon,
        given.storage_public_endpoint or ("" if given.storage_endpoint else amazon),
        given.storage_region,
        given.storage_access_key,
        given.storage_secret_key,
    )

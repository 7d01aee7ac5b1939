"""Storages of a test's own, as one looks at them from outside."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from domain import master_keys
from tests.s3.server import KEY, S3Server

PREFIX = "kept"
_buckets = count(1)


@dataclass
class Place:
    """Where files are kept: a folder, or a bucket of a server."""

    url: str
    folder: Path | None = None
    server: S3Server | None = None

    def keys(self) -> list[str]:
        """Return the keys of all that is kept there."""
        if self.server:
            bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
            return [key.removeprefix(f"{prefix}/") for key in self.server.keys(bucket)]
        assert self.folder
        return [str(path.relative_to(self.folder)) for path in sorted(self.folder.rglob("*")) if path.is_file()]

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return the settings by which files are kept there, and links are signed."""
        given: dict[str, Any] = {"storage_url": self.url, "master_keys": master_keys.new_key()}
        if self.server:
            given |= {
                "storage_endpoint": self.server.endpoint,
                "storage_public_endpoint": self.server.endpoint,
                "storage_access_key": KEY,
                "storage_secret_key": KEY,
            }
        return given | changes


def new_bucket(server: S3Server) -> Place:
    """Return a bucket that is not there yet."""
    return Place(f"s3://bucket-{next(_buckets)}/{PREFIX}", server=server)


def new_folder(parent: Path) -> Place:
    """Return a folder that is not there yet."""
    return Place((parent / "kept files").as_uri(), folder=parent / "kept files")

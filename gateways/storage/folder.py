"""A folder of this machine, or one that its machines share."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from gateways.storage.content import Content
from gateways.storage.faults import Misconfigured, Missing, Unavailable

PIECE_BYTES = 64 * 1024
PART = ".part"
# No later attempt helps against these.
LASTING = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG}
OWN_FOLDER, OWN_FILE = 0o700, 0o600
Method = TypeVar("Method", bound=Callable[..., Any])


def told(method: Method) -> Method:
    """Have the method say in one line what is wrong with the disk or the folder."""

    @wraps(method)
    def run(self: "Folder", *arguments: Any) -> Any:
        try:
            return method(self, *arguments)
        except OSError as error:
            fault = Misconfigured if error.errno in LASTING else Unavailable
            raise fault(f"the folder {self.path} cannot be used: {error.strerror or error}") from error

    return run  # type: ignore[return-value]


@dataclass(frozen=True)
class Folder:
    """Keeps each file under its key; what is under a key is there whole."""

    path: Path

    @told
    def write(self, key: str, file: BinaryIO, size: int, sha256: bytes) -> None:
        """Write beside the place and rename, so that a crash leaves the whole file or a part that is no file."""
        place = self.path / key
        part = place.with_name(place.name + PART)
        _have(place.parent)
        file.seek(0)
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWN_FILE), "wb") as out:
                for piece in _pieces(file):
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            part.replace(place)
        except BaseException:  # or a part would fill the disk up that has just become full
            with suppress(OSError):
                part.unlink()
            raise
        _sync(place.parent)

    @told
    def read(self, key: str) -> Content:
        try:
            file = (self.path / key).open("rb")
        except FileNotFoundError:
            raise Missing(key) from None
        return Content(_pieces(file), file.close)

    @told
    def size(self, key: str) -> int | None:
        try:
            return (self.path / key).stat().st_size
        except FileNotFoundError:
            return None

    @told
    def delete(self, key: str) -> None:
        place = self.path / key
        for one in (place.with_name(place.name + PART), place):
            with suppress(FileNotFoundError):
                one.unlink()

    def signed_url(self, key: str, seconds: int, disposition: str, media_type: str) -> None:
        """Return None: a folder answers nobody."""


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _have(folder: Path) -> None:
    """Make the folder, and have it be there after a crash as well."""
    if not folder.is_dir():
        _have(folder.parent)
        try:
            folder.mkdir(OWN_FOLDER, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

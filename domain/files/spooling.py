"""A file on its way in: on this machine's disk until its size, digest and type are known."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import BinaryIO, TypeVar

from domain.errors import Away, Invalid
from domain.files.media_types import HEAD_BYTES, TAKEN, media_type

MAX_FILE_MB = 20
MAX_FILE_BYTES = MAX_FILE_MB * 1024 * 1024
Result = TypeVar("Result")


class TooLarge(Invalid):
    """The file is larger than one may be."""


class UnknownType(Invalid):
    """The file is of a type that is not taken, whatever its name says."""


class NoSpace(Away):
    """This machine has no room for the file now."""


@dataclass(frozen=True)
class Spooled:
    """A file of a type that is taken; `file` may be read, and is gone when the block ends."""

    file: BinaryIO = field(repr=False)
    size: int
    sha256: bytes
    media_type: str


@contextmanager
def spool(pieces: Iterable[bytes], declared: int | None = None) -> Iterator[Spooled]:
    """Give the file that `pieces` are, of which no more than one is in memory; its type is told by its content.

    Raise TooLarge, before anything is read if `declared` bytes are too many; UnknownType, Invalid for an empty file,
    NoSpace, or what the iterator raises.
    """
    _check_size(declared or 0)
    with _on_disk(tempfile.TemporaryFile) as file:
        yield _filled(file, pieces)


def _filled(file: BinaryIO, pieces: Iterable[bytes]) -> Spooled:
    digest, size, head = sha256(), 0, b""
    for piece in pieces:
        size += len(piece)
        _check_size(size)
        digest.update(piece)
        head += piece[: HEAD_BYTES - len(head)]
        _on_disk(partial(_write, file, piece))
    if not size:
        raise Invalid.sentence("the file is empty", "file")
    found = media_type(head)
    if found is None:
        raise UnknownType.sentence(f"the file must be {TAKEN}, which its content does not show", "file")
    return Spooled(file, size, digest.digest(), found)


def _write(file: BinaryIO, piece: bytes) -> None:
    file.write(piece)
    file.flush()


def _on_disk(act: Callable[[], Result]) -> Result:
    try:
        return act()
    except OSError as error:
        raise NoSpace("there is no room for the file now; send it again") from error


def _check_size(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise TooLarge.sentence(f"the file must not be larger than {MAX_FILE_MB} MB", "file")

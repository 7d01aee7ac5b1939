"""Files of an organization, each known by the SHA-256 of its content: written before its row, and kept by it.

A write is recorded before the storage is told, and the record goes as the file is kept. So whatever a crash leaves in
the storage is known, and `domain.files.collection` deletes it. No two writes have one key: a deletion that comes late
finds nothing but what it was meant for.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256 as sha256_of
from typing import TypeVar

from sqlalchemy.orm import Session

from db.queries import fetch, run
from db.transaction import statement, transaction
from domain.errors import Away, Conflict, NotFound, NotYet, PermanentError
from domain.files.spooling import Spooled
from domain.identity import quotas
from gateways import storage

log = logging.getLogger(__name__)
AWAY = "the storage of files is away"
Result = TypeVar("Result")


class StorageAway(Away):
    """The storage cannot be used now; the log says why."""


class GivenUp(NotYet):
    """The file was stored too long ago and not kept: it has to be stored again."""


class Damaged(PermanentError):
    """What the storage has is not what was stored there."""


@dataclass(frozen=True)
class File:
    """A file of an organization that is stored, and kept once `keep` has committed."""

    organization_id: int
    sha256: bytes
    size: int
    media_type: str
    write_id: int

    @property
    def key(self) -> str:
        """Return where the storage has it."""
        return key(self.organization_id, self.sha256, self.write_id)


def key(organization_id: int, sha256: bytes, write_id: int) -> str:
    """Return under which key a write of this file has it."""
    return f"{organization_id}/{sha256.hex()}-{write_id}"


def store(organization_id: int, spooled: Spooled) -> File:
    """Return the file, which is in the storage now; call it with no transaction open, and have `keep` keep it.

    A file that is kept already, or was stored by somebody who was then sent away, is not written again unless the
    storage has lost it. What the storage has refused does not count to the quota.
    Raise OverQuota, StorageAway, or Conflict if there is no storage.
    """
    if not storage.is_set():
        raise Conflict(storage.UNSET)
    with transaction() as session:
        kept = _find(session, organization_id, spooled.sha256)
        known = kept or _find_write(session, organization_id, spooled)
        file = known or _begin(session, organization_id, spooled)
    if known and _tried(lambda: storage.size(file.key)) == file.size:
        return file
    if known and not kept:  # somebody is writing it, or was cut off
        with transaction() as session:
            file = _begin(session, organization_id, spooled)
    try:
        _tried(lambda: storage.write(file.key, spooled.file, file.size, file.sha256))
    except StorageAway:
        if not kept:
            _give_up(file)
        raise
    return file


def keep(session: Session, file: File) -> File:
    """Keep the file if and when the transaction commits; return it as it is kept, by an earlier write perhaps.

    Whoever keeps several in one transaction does so in the order of their `sha256`. Raise GivenUp.
    """
    terms = {"organization_id": file.organization_id, "write_id": file.write_id, "media_type": file.media_type}
    if fetch(session, int, "keep_file", **terms):
        return file
    if kept := _find(session, file.organization_id, file.sha256):
        return kept
    raise GivenUp("the file was stored too long ago; send it again")


def find(session: Session, organization_id: int, sha256: bytes) -> File:
    """Return a file that is kept; raise NotFound."""
    if found := _find(session, organization_id, sha256):
        return found
    raise NotFound("file not found")


def read(file: File) -> storage.Content:
    """Return the file in pieces, with no transaction open; raise StorageAway, or Damaged if the storage lost it."""
    return _tried(lambda: storage.read(file.key))


def content(file: File) -> bytes:
    """Return the whole file, 20 MB at the most, with no transaction open; raise StorageAway, or Damaged."""
    with read(file) as pieces:
        found = _tried(lambda: b"".join(pieces))
    if sha256_of(found).digest() != file.sha256:
        raise _damaged(file.key)
    return found


def forget(organization_id: int, sha256: bytes, write_id: int) -> None:
    """Have the storage forget a write, with no transaction open; raise StorageAway."""
    _tried(lambda: storage.delete(key(organization_id, sha256, write_id)))


def _find(session: Session, organization_id: int, sha256: bytes) -> File | None:
    return next(iter(fetch(session, File, "find_file", organization_id=organization_id, sha256=sha256)), None)


def _begin(session: Session, organization_id: int, spooled: Spooled) -> File:
    quotas.admit_bytes(session, organization_id, spooled.size)
    terms = {"organization_id": organization_id, "sha256": spooled.sha256, "size": spooled.size}
    [write_id] = fetch(session, int, "begin_file_write", **terms)
    return _file(organization_id, spooled, write_id)


def _file(organization_id: int, spooled: Spooled, write_id: int) -> File:
    return File(organization_id, spooled.sha256, spooled.size, spooled.media_type, write_id)


def _find_write(session: Session, organization_id: int, spooled: Spooled) -> File | None:
    """Return what has stored the same bytes, if it may be kept for a long time still."""
    found = fetch(session, int, "find_file_write", organization_id=organization_id, sha256=spooled.sha256)
    return next((_file(organization_id, spooled, write_id) for write_id in found), None)


def _give_up(file: File) -> None:
    with statement() as session:
        run(session, "give_up_write", organization_id=file.organization_id, id=file.write_id)


def _tried(act: Callable[[], Result]) -> Result:
    try:
        return act()
    except storage.Unavailable as error:
        log.warning("%s: %s", AWAY, error)
        raise StorageAway(f"{AWAY} now; come again") from error
    except storage.Missing as error:
        raise _damaged(str(error)) from None


def _damaged(key: str) -> Damaged:
    log.error("the storage has lost or changed %s", key)
    return Damaged("the stored file is lost or damaged: upload it again")

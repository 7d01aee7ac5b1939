"""Encrypted values in the database (AES-256-GCM), each of which can be read in its own place only.

A value is: version (1 byte), id of the data key (8), nonce (12), ciphertext and tag. Organization, column and row are
no part of it, and authenticated with it: elsewhere it cannot be decrypted. An organization has one data key, which
the first value makes; what concerns a client is encrypted under the client's own, and gone when that is deleted.
"""

import secrets
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from db.queries import run
from domain import master_keys
from domain.master_keys import Undecryptable
from settings import KEY_BYTES

VERSION = 1
HEADER = struct.Struct(">Bq")
# Organization and row: what has one length comes first, so that no two places read alike.
PLACE = struct.Struct(">qq")
NONCE_BYTES, TAG_BYTES = 12, 16
# Half of a pair of UTF-16 is a letter in Python, and must not make a value that cannot be kept.
HALVES = "surrogatepass"
KEPT_S = 300.0
MOST_KEPT = 1000


@dataclass
class DataKey:
    """A data key, by the id that stands in each value that it encrypts."""

    id: int
    secret: bytes = field(repr=False)

    @cached_property
    def cipher(self) -> AESGCM:
        return AESGCM(self.secret)

    def seal(self, organization_id: int, column: str, row_id: int, text: str) -> bytes:
        """Return `text` as it can be kept in `column` ("table.column") of that row, and read there only."""
        return self.seal_bytes(organization_id, column, row_id, text.encode(errors=HALVES))

    def seal_bytes(self, organization_id: int, column: str, row_id: int, plain: bytes) -> bytes:
        """Do for bytes what `seal` does for text."""
        header, nonce = HEADER.pack(VERSION, self.id), secrets.token_bytes(NONCE_BYTES)
        return header + nonce + self.cipher.encrypt(nonce, plain, _place(header, organization_id, column, row_id))

    def open(self, organization_id: int, column: str, row_id: int, value: bytes) -> str:
        """Return the text that was sealed for this place; raise Undecryptable."""
        return self.open_bytes(organization_id, column, row_id, value).decode(errors=HALVES)

    def open_bytes(self, organization_id: int, column: str, row_id: int, value: bytes) -> bytes:
        """Return the bytes that were sealed for this place; raise Undecryptable."""
        place = f"{column} of row {row_id} of organization {organization_id}"
        if _data_key_id(value, place) != self.id:
            raise Undecryptable(f"{place} cannot be decrypted: it was encrypted under another key")
        if (plain := _opened(self.cipher, organization_id, column, row_id, value)) is None:
            raise Undecryptable(f"{place} cannot be decrypted: the value was changed, or encrypted for another place")
        return plain


class UnwrappedKeys:
    """Data keys that this process has used in the last five minutes, a thousand at the most."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], tuple[AESGCM, float]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, organization_id: int, data_key_id: int) -> AESGCM | None:
        """Return the key if it is still kept."""
        with self._lock:
            key, until = self._kept.get((organization_id, data_key_id), (None, 0.0))
        return key if time.monotonic() < until else None

    def keep(self, organization_id: int, data_key_id: int, key: AESGCM) -> None:
        """Keep the key for a while; forget those whose time is over, or the oldest when there are too many."""
        now = time.monotonic()
        with self._lock:
            self._kept.pop((organization_id, data_key_id), None)
            while self._kept and (len(self._kept) >= MOST_KEPT or next(iter(self._kept.values()))[1] <= now):
                self._kept.popitem(last=False)
            self._kept[organization_id, data_key_id] = key, now + KEPT_S


_unwrapped = UnwrappedKeys()


def encrypt(session: Session, organization_id: int, column: str, row_id: int, text: str) -> bytes:
    """Return `text` as it can be kept in `column` ("table.column") of that row, and read there only.

    Raise Conflict if the installation has no master key, MasterKeyLacking if this process lacks the one that is needed.
    """
    return organization_key(session, organization_id).seal(organization_id, column, row_id, text)


def organization_key(session: Session, organization_id: int) -> DataKey:
    """Return the organization's own data key, made now if there is none; raise as `encrypt` does."""
    # Asked for each time: a key that a rollback or a failover took away would lose what it encrypts.
    return unwrapped(_data_key(session, organization_id) or _make_data_key(session, organization_id))


def organization_keys(session: Session, rows: Iterable[Any]) -> dict[int, DataKey]:
    """Return the data key of the organization of each row, which has it if there was one; none without a master key."""
    if not master_keys.are_given():
        return {}
    known = {row.organization_id: row for row in rows}
    return {
        one: DataKey(row.data_key_id, master_keys.unwrap(row)) if row.data_key_id else organization_key(session, one)
        for one, row in known.items()
    }


def found_key(session: Session, organization_id: int) -> DataKey | None:
    """Return the organization's own data key, None if nothing of it was encrypted yet; raise MasterKeyLacking."""
    row = _data_key(session, organization_id)
    return unwrapped(row) if row else None


def client_keys(session: Session, organization_id: int, client_ids: Collection[int]) -> dict[int, DataKey]:
    """Return the data key of each of these clients that has one; none is kept in the process.

    Raise MasterKeyLacking.
    """
    rows = run(session, "find_client_keys", organization_id=organization_id, client_ids=list(client_ids))
    return {row.client_id: unwrapped(row) for row in rows}


def have_client_keys(session: Session, organization_id: int, client_ids: Collection[int]) -> dict[int, DataKey]:
    """Return the data key of each client, made now for one that has none; raise as `encrypt` does.

    The transaction has locked the clients, so that none of them is removed meanwhile.
    """
    found = client_keys(session, organization_id, client_ids)
    if not (new := [client_id for client_id in client_ids if client_id not in found]):
        return found
    master = master_keys.current()
    wrapped = [master.wrap(secrets.token_bytes(KEY_BYTES)) for _ in new]
    terms = {"organization_id": organization_id, "client_ids": new, "wrapped": wrapped, "master_key_id": master.id}
    run(session, "add_client_keys", **terms)
    return client_keys(session, organization_id, client_ids)


def decrypt(session: Session, organization_id: int, column: str, row_id: int, value: bytes) -> str:
    """Return the text that was encrypted for this place; raise Undecryptable, or MasterKeyLacking.

    The data key is asked for once in five minutes and process.
    """
    return decrypt_bytes(session, organization_id, column, row_id, value).decode(errors=HALVES)


def decrypt_bytes(session: Session, organization_id: int, column: str, row_id: int, value: bytes) -> bytes:
    """Do for bytes what `decrypt` does for text."""
    place = f"{column} of row {row_id} of organization {organization_id}"
    data_key_id = _data_key_id(value, place)
    arguments = organization_id, column, row_id, value
    if (kept := _unwrapped.find(organization_id, data_key_id)) and (plain := _opened(kept, *arguments)) is not None:
        return plain
    row = _data_key(session, organization_id)  # asked again, as ids come twice in a database that was restored
    if row is None or row.id != data_key_id:
        raise Undecryptable(f"{place} cannot be decrypted: the organization has no data key {data_key_id}")
    key = unwrapped(row).cipher
    if (plain := _opened(key, *arguments)) is None:
        raise Undecryptable(f"{place} cannot be decrypted: the value was changed, or encrypted for another place")
    _unwrapped.keep(organization_id, data_key_id, key)
    return plain


def _data_key_id(value: bytes, place: str) -> int:
    if len(value) < HEADER.size + NONCE_BYTES + TAG_BYTES:
        raise Undecryptable(f"{place} cannot be decrypted: the value was cut")
    version, data_key_id = HEADER.unpack_from(value)
    if version != VERSION:
        raise Undecryptable(f"{place} cannot be decrypted: version {version} of encrypted values is unknown here")
    return data_key_id


def _opened(key: AESGCM, organization_id: int, column: str, row_id: int, value: bytes) -> bytes | None:
    header, nonce, sealed = value[: HEADER.size], value[HEADER.size :][:NONCE_BYTES], value[HEADER.size + NONCE_BYTES :]
    try:
        return key.decrypt(nonce, sealed, _place(header, organization_id, column, row_id))
    except InvalidTag:
        return None


def _place(header: bytes, organization_id: int, column: str, row_id: int) -> bytes:
    return header + PLACE.pack(organization_id, row_id) + column.encode()


def _data_key(session: Session, organization_id: int) -> Any:
    return next(iter(run(session, "find_data_key", organization_id=organization_id)), None)


def _make_data_key(session: Session, organization_id: int) -> Any:
    """Return the organization's data key, made by this transaction or by another one that was first."""
    master = master_keys.current()
    wrapped = master.wrap(secrets.token_bytes(KEY_BYTES))
    run(session, "add_data_key", organization_id=organization_id, wrapped=wrapped, master_key_id=master.id)
    return _data_key(session, organization_id)


def unwrapped(row: Any) -> DataKey:
    """Return the data key of a row of data_keys; raise Undecryptable, or MasterKeyLacking."""
    return DataKey(row.id, master_keys.unwrap(row))

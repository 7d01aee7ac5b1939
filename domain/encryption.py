"""Encrypted values in the database (AES-256-GCM), each of which can be read in its own place only.

A value is: version (1 byte), id of the data key (8), nonce (12), ciphertext and tag. Organization, column and row are
no part of it, and authenticated with it: elsewhere it cannot be decrypted. An organization has one data key, which
the first value makes.
"""

import secrets
import struct
import threading
import time
from collections import OrderedDict
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
    # Asked for each time: a key that a rollback or a failover took away would lose what it encrypts.
    row = _data_key(session, organization_id) or _make_data_key(session, organization_id)
    header, nonce = HEADER.pack(VERSION, row.id), secrets.token_bytes(NONCE_BYTES)
    plain = text.encode(errors=HALVES)
    return header + nonce + _unwrap(row).encrypt(nonce, plain, _place(header, organization_id, column, row_id))


def decrypt(session: Session, organization_id: int, column: str, row_id: int, value: bytes) -> str:
    """Return the text that was encrypted for this place; raise Undecryptable, or MasterKeyLacking.

    The data key is asked for once in five minutes and process.
    """
    place = f"{column} of row {row_id} of organization {organization_id}"
    data_key_id = _data_key_id(value, place)
    arguments = organization_id, column, row_id, value
    if (kept := _unwrapped.find(organization_id, data_key_id)) and (text := _opened(kept, *arguments)) is not None:
        return text
    row = _data_key(session, organization_id)  # asked again, as ids come twice in a database that was restored
    if row is None or row.id != data_key_id:
        raise Undecryptable(f"{place} cannot be decrypted: the organization has no data key {data_key_id}")
    key = _unwrap(row)
    if (text := _opened(key, *arguments)) is None:
        raise Undecryptable(f"{place} cannot be decrypted: the value was changed, or encrypted for another place")
    _unwrapped.keep(organization_id, data_key_id, key)
    return text


def _data_key_id(value: bytes, place: str) -> int:
    if len(value) < HEADER.size + NONCE_BYTES + TAG_BYTES:
        raise Undecryptable(f"{place} cannot be decrypted: the value was cut")
    version, data_key_id = HEADER.unpack_from(value)
    if version != VERSION:
        raise Undecryptable(f"{place} cannot be decrypted: version {version} of encrypted values is unknown here")
    return data_key_id


def _opened(key: AESGCM, organization_id: int, column: str, row_id: int, value: bytes) -> str | None:
    header, nonce, sealed = value[: HEADER.size], value[HEADER.size :][:NONCE_BYTES], value[HEADER.size + NONCE_BYTES :]
    try:
        return key.decrypt(nonce, sealed, _place(header, organization_id, column, row_id)).decode(errors=HALVES)
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


def _unwrap(row: Any) -> AESGCM:
    return AESGCM(master_keys.named(row.master_key_id).unwrap(row.wrapped))

"""The keys outside the database that wrap each data key in it (AES-KW, RFC 3394): their operator keeps them."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from sqlalchemy.orm import Session

import settings
from db.queries import run
from db.transaction import transaction
from domain.errors import Away, Conflict, PermanentError
from settings import KEY_BYTES

LACKING = "this installation encrypts nothing yet: its operator makes a master key by `counterfoil keys master`"
ID_DIGITS = 8
BATCH = 1000


class MasterKeyLacking(Away):
    """This process was not given the master key that wraps a data key; once it is, the same work can be done."""


class Undecryptable(PermanentError):
    """What was encrypted has been changed, cut or moved, or its key is gone."""


@dataclass(frozen=True)
class MasterKey:
    """A key by the beginning of its SHA-256; how it looks itself is never shown."""

    id: str
    key: bytes = field(repr=False)

    def wrap(self, data_key: bytes) -> bytes:
        return aes_key_wrap(self.key, data_key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the data key; raise Undecryptable."""
        try:
            return aes_key_unwrap(self.key, wrapped)
        except (InvalidUnwrap, ValueError):
            raise Undecryptable(f"a data key is not as master key {self.id} wrapped it: it was changed") from None


class Coverage(NamedTuple):
    """How many data keys the first master key wraps, and how many each of the others that are here, or are not."""

    current: int
    older: dict[str, int]
    lacking: dict[str, int]


class Rotation(NamedTuple):
    """How many data keys were wrapped anew, how many had been before, and how many parts made meanwhile by an older."""

    rewrapped: int
    current: int
    older: int


def new_key() -> str:
    """Return a new master key, as the setting has it: base64 of 32 bytes."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def known() -> list[MasterKey]:
    """Return the master keys that this process was given, the one that wraps first."""
    keys = [base64.b64decode(text) for text in settings.current().master_keys.split(",") if text]
    return [MasterKey(hashlib.sha256(key).hexdigest()[:ID_DIGITS], key) for key in keys]


def are_given() -> bool:
    """Return whether this process has a master key, so that it encrypts what it writes."""
    return bool(settings.current().master_keys)


def current() -> MasterKey:
    """Return the master key that wraps what is new; raise Conflict if there is none."""
    if keys := known():
        return keys[0]
    raise Conflict(LACKING)


def named(master_key_id: str) -> MasterKey:
    """Return the master key of that id; raise MasterKeyLacking."""
    for key in known():
        if key.id == master_key_id:
            return key
    raise MasterKeyLacking(f"this process lacks the master key {master_key_id}: its operator has to set it again")


def unwrap(row: Any) -> bytes:
    """Return the data key that a row has `wrapped` by its `master_key_id`; raise Undecryptable, or MasterKeyLacking."""
    return named(row.master_key_id).unwrap(row.wrapped)


def coverage(session: Session) -> Coverage:
    """Return which of the master keys that data keys need are here."""
    counted = {row.master_key_id: row.data_keys for row in run(session, "count_data_keys")}
    here = [key.id for key in known()]
    older = {one: count for one, count in counted.items() if one in here[1:]}
    lacking = {one: count for one, count in counted.items() if one not in here}
    return Coverage(sum(counted.get(one, 0) for one in here[:1]), older, lacking)


def told(counted: dict[str, int]) -> str:
    """Return master keys in words, each with the number of data keys that it wraps."""
    return ", ".join(f"{one} (data keys: {count})" for one, count in counted.items())


def rotate() -> Rotation:
    """Have every data key wrapped by the first master key, a thousand in each transaction; killed, it is run again.

    What the data keys encrypt stays as it is. It goes through them once: another rotation that has another first key
    must not keep it from ending. Raise Conflict without a master key, MasterKeyLacking, Undecryptable.
    """
    new, last, rewrapped = current(), 0, 0
    while done := _rewrap_some(new, last):
        last, rewrapped = done[-1], rewrapped + len(done)
    with transaction() as session:
        found = coverage(session)
    return Rotation(rewrapped, max(0, found.current - rewrapped), sum(found.older.values()))


def _rewrap_some(new: MasterKey, after: int) -> list[int]:
    """Return the ids of the next data keys in order, which the new master key wraps from now on."""
    with transaction() as session:
        rows = run(session, "lock_data_keys", current=new.id, after=after, most=BATCH)
        ids = [row.id for row in rows]
        wrapped = [new.wrap(named(row.master_key_id).unwrap(row.wrapped)) for row in rows]
        run(session, "rewrap_data_keys", current=new.id, ids=ids, wrapped=wrapped)
    return ids

"""Addresses by which anybody may read one file for a while: the storage's own, or one of this API, signed by us."""

import base64
import hmac
import struct
from datetime import timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

import settings
from db import clock
from domain.errors import Conflict, Gone, NotFound
from domain.files import storing
from domain.files.names import clean, disposition
from domain.files.storing import File
from gateways import storage

PATH = "/api/v1/files/"
USUAL_S, LONGEST_S = 300, 3600
VERSION = 1
# Version, when it ends (seconds since 1970), organization, SHA-256; the file's name follows, and then the signature.
HEAD = struct.Struct(">Bqq32s")
SIGNATURE_BYTES = 32
PURPOSE = b"counterfoil: links to files"
LACKING = (
    "this installation signs no links yet: its operator makes a key by `counterfoil keys signing` or "
    "`counterfoil keys master`"
)


class Linked(NamedTuple):
    """What a link leads to."""

    file: File
    name: str


def signed(session: Session, organization_id: int, sha256: bytes, name: str, seconds: int = USUAL_S) -> str:
    """Return an address of a file that is kept, good for `seconds`, an hour at the most; ours is a path of this API.

    Raise NotFound, or Conflict if the installation has no key to sign with.
    """
    file, name, seconds = storing.find(session, organization_id, sha256), clean(name), min(seconds, LONGEST_S)
    if storage.is_set() and (url := storage.signed_url(file.key, seconds, disposition(name), file.media_type)):
        return url
    ends = int((clock.now(session) + timedelta(seconds=seconds)).timestamp())
    told = HEAD.pack(VERSION, ends, organization_id, sha256) + name.encode()
    keys = _keys()
    if not keys:
        raise Conflict(LACKING)
    return PATH + _token(told + hmac.digest(keys[0], told, "sha256"))


def follow(session: Session, token: str) -> Linked:
    """Return what a link of this API leads to; raise NotFound if it is none of ours, Gone if its time is over."""
    told = _told(token)
    if told is None or told[0] != VERSION:
        raise NotFound("there is no such link")
    _, ends, organization_id, sha256 = HEAD.unpack_from(told)
    if clock.now(session).timestamp() >= ends:
        raise Gone("this link is no longer good; ask for a new one")
    return Linked(storing.find(session, organization_id, sha256), told[HEAD.size :].decode())


def _told(token: str) -> bytes | None:
    """Return what a token says, None unless one of this installation's keys has signed it."""
    try:
        written = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if _token(written) != token:  # several spellings of one would decode
        return None
    told, signature = written[:-SIGNATURE_BYTES], written[-SIGNATURE_BYTES:]
    ours = [hmac.compare_digest(hmac.digest(key, told, "sha256"), signature) for key in _keys()]
    return told if any(ours) and len(told) >= HEAD.size else None


def _token(written: bytes) -> str:
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def _keys() -> list[bytes]:
    """Return the keys for links, the one that signs first: the parts may know of different ones."""
    given = settings.current()
    secrets = filter(None, (given.signing_key, *given.master_keys.split(",")))
    return [HKDF(SHA256(), 32, None, PURPOSE).derive(base64.b64decode(secret)) for secret in secrets]

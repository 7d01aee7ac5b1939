"""Where a client is reached, encrypted under a key of the client's own; found by name, ids or a whole e-mail address.

An installation without a master key keeps it as it is; once there is one, `personal-data.encrypt` encrypts it.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from db.models import Client
from db.queries import run
from domain import encryption, master_keys
from domain.encryption import DataKey
from domain.text import comparable
from settings import KEY_BYTES

FIELDS = ("address_line1", "address_line2", "city", "region", "postal_code", "email", "phone")
COLUMN = "clients.contact"
INDEX = b"clients.email_index"

Fields = Mapping[str, Any]


class Sealed(NamedTuple):
    """What a client's row keeps of its contact."""

    contact: bytes
    email_index: bytes | None


def create(session: Session, clients: Sequence[dict[str, Any]]) -> list[int]:
    """Insert clients, given by their columns, in this order; return their ids."""
    rows = _sealed(session, clients) if master_keys.are_given() else clients
    placed = [{**row, "position": n} for n, row in enumerate(rows)]
    return [row.id for row in run(session, "create_clients", clients=orjson.dumps(placed).decode())]


def columns(session: Session, client: Client, fields: Fields) -> dict[str, Any]:
    """Return the fields of a party as a client's row keeps them; the transaction has locked the client."""
    if not master_keys.are_given():
        return {**fields, "contact": None, "email_index": None}
    organization_id = client.organization_id
    own = encryption.organization_key(session, organization_id)
    key = encryption.have_client_keys(session, organization_id, [client.id])[client.id]
    return {**_others(fields), **seal(key, own, organization_id, client.id, fields)._asdict()}


def seal(key: DataKey, own: DataKey, organization_id: int, client_id: int, fields: Fields) -> Sealed:
    """Return the contact of a client under its `key`, and by what it is found under the organization's `own`."""
    packed = orjson.dumps({name: fields[name] for name in FIELDS if fields.get(name) is not None}).decode()
    return Sealed(key.seal(organization_id, COLUMN, client_id, packed), index(own, fields.get("email")))


def opened(session: Session, clients: Sequence[Client]) -> Sequence[Client]:
    """Have the clients of one organization show where they are reached; return them.

    One whose key is gone shows nothing. Raise Undecryptable for a value that was changed, or MasterKeyLacking.
    """
    sealed = [client for client in clients if client.contact is not None]
    if not sealed:
        return clients
    organization_id = sealed[0].organization_id
    keys = encryption.client_keys(session, organization_id, [client.id for client in sealed])
    for client in sealed:
        for name, value in _unpacked(keys.get(client.id), organization_id, client.id, client.contact).items():
            set_committed_value(client, name, value)
    return clients


def fields_of(row: Fields) -> dict[str, Any]:
    """Return the fields of a row of find_clients.sql, opened."""
    if row["contact"] is None:
        return dict(row)
    key_id, master = row["data_key_id"], row["master_key_id"]
    key = DataKey(key_id, master_keys.named(master).unwrap(row["wrapped"])) if key_id else None
    return {**row, **_unpacked(key, row["organization_id"], row["id"], row["contact"])}


def index(key: DataKey, email: str | None) -> bytes | None:
    """Return by what an address is found, in whatever case it is written; it tells nothing without the key."""
    if not email:
        return None
    own = HKDF(SHA256(), KEY_BYTES, salt=None, info=INDEX).derive(key.secret)
    return hmac.digest(own, comparable(email).casefold().encode(errors=encryption.HALVES), hashlib.sha256)


def index_of(session: Session, organization_id: int, email: str) -> bytes | None:
    """Return by what the organization's clients with that address are found; None if nothing is encrypted yet."""
    if not master_keys.are_given():
        return None
    key = encryption.found_key(session, organization_id)
    return index(key, email) if key else None


def _sealed(session: Session, clients: Sequence[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    master = master_keys.current()
    organization_ids = sorted({one["organization_id"] for one in clients})
    own = {one: encryption.organization_key(session, one) for one in organization_ids}
    for one, ids in zip(clients, run(session, "draw_client_ids", many=len(clients)), strict=True):
        organization_id, key = one["organization_id"], DataKey(ids.data_key_id, secrets.token_bytes(KEY_BYTES))
        sealed = seal(key, own[organization_id], organization_id, ids.client_id, one)
        yield {
            **_others(one),
            **{name: value and b64encode(value).decode() for name, value in sealed._asdict().items()},
            "id": ids.client_id,
            "data_key_id": key.id,
            "wrapped": b64encode(master.wrap(key.secret)).decode(),
            "master_key_id": master.id,
        }


def _others(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in FIELDS}


def _unpacked(key: DataKey | None, organization_id: int, client_id: int, value: bytes | None) -> dict[str, Any]:
    found = orjson.loads(key.open(organization_id, COLUMN, client_id, value)) if key and value else {}
    return {name: found.get(name) for name in FIELDS}

"""Who each invoice goes to: by id, else matched by tax id, then by VAT id, else created."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from db.models import PARTY_FIELDS
from db.queries import run

TAX_KEYS = ("tax_id", "vat_id")
Key = tuple[int, str, Any]


class Recipient(NamedTuple):
    id: int
    snapshot: dict[str, str]


class Asked(NamedTuple):
    """A client as a request names it: {"id": n}, or the fields of a party."""

    organization_id: int
    client: Mapping[str, Any]

    def identities(self) -> Iterator[Key]:
        names = ("id",) if "id" in self.client else TAX_KEYS
        return ((self.organization_id, name, self.client[name]) for name in names if self.client.get(name))


def resolve(session: Session, asked: Sequence[Asked]) -> list[Recipient | None]:
    """Return the client of each request in order, creating new ones; None where an id names no client."""
    known = _find(session, asked)
    recipients = [_match(known, one) for one in asked]
    missing = [n for n, (one, found) in enumerate(zip(asked, recipients, strict=True)) if not found]
    created = _create(session, [asked[n] for n in missing if "id" not in asked[n].client])
    for n in missing:
        recipients[n] = created.get(id(asked[n])) or _match(created, asked[n])
    return recipients


def _find(session: Session, asked: Sequence[Asked]) -> dict[Any, Recipient]:
    wanted = [
        {"organization_id": one.organization_id, **{name: value for _, name, value in one.identities()}}
        for one in asked
        if any(one.identities())
    ]
    if not wanted:
        return {}
    known: dict[Any, Recipient] = {}
    for row in run(session, "find_clients", wanted=orjson.dumps(wanted).decode()):
        client = row._asdict()
        for name in ("id", *TAX_KEYS):
            known[client["organization_id"], name, client[name]] = Recipient(client["id"], _snapshot(client))
    return known


def _match(known: Mapping[Any, Recipient], asked: Asked) -> Recipient | None:
    return next((known[key] for key in asked.identities() if key in known), None)


def _create(session: Session, asked: Sequence[Asked]) -> dict[Any, Recipient]:
    """Insert the new parties, one row for those of a group that share a tax or VAT id; keyed by request and by key."""
    fresh: list[Asked] = []
    taken: set[Key] = set()
    for one in asked:
        if taken.isdisjoint(one.identities()):
            fresh.append(one)
            taken.update(one.identities())
    if not fresh:
        return {}
    # Sorted, so that two groups with the same new clients wait for each other instead of deadlocking.
    fresh.sort(key=lambda one: list(one.identities()))
    clients = [{**one.client, "organization_id": one.organization_id, "position": n} for n, one in enumerate(fresh)]
    rows = run(session, "create_clients", clients=orjson.dumps(clients).decode())
    created: dict[Any, Recipient] = {}
    for one, row in zip(fresh, rows, strict=True):
        recipient = Recipient(row.id, _snapshot(one.client))
        created |= {id(one): recipient} | dict.fromkeys(one.identities(), recipient)
    return created


def _snapshot(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: fields[name] for name in PARTY_FIELDS if fields.get(name)}

"""Each request gets the client that it names by its id, else the one that its details mean, else a new one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from db.models import PARTY_FIELDS
from db.queries import run
from domain.errors import Invalid, Refusal
from domain.parties import contacts
from domain.parties.matching import Candidate, Contradiction, Directory, Keys, keys


class Asked(NamedTuple):
    """A client as a request names it: {"id": n}, or the fields of a party."""

    organization_id: int
    client: Mapping[str, Any]

    def candidate(self) -> Candidate:
        """Return what the request says of the client."""
        return Candidate(self.organization_id, self.client, keys(self.client), self.client.get("id", 0))


def snapshots(session: Session, asked: Sequence[Asked]) -> list[dict[str, str] | Refusal]:
    """Return each client's details as the invoice keeps them: those that were sent, where details were sent."""
    by_id, _ = _known(session, [one.candidate() for one in asked if "name" not in one.client])
    known = {key: contacts.fields_of(client.fields) for key, client in by_id.items()}
    return [
        _snapshot(one.client if "name" in one.client else known.get((one.organization_id, one.client["id"])))
        for one in asked
    ]


def resolve(session: Session, asked: Sequence[Asked]) -> list[int | Refusal]:
    """Return the id of each request's client in order, creating new ones, or why it can have none."""
    wanted = [one.candidate() for one in asked]
    by_id, directory = _known(session, wanted)
    matches = [by_id.get((one.organization_id, one.id)) if one.id else _meant(directory, one) for one in wanted]
    _create(session, [one for one, match in zip(wanted, matches, strict=True) if match is one])
    return [_id(match) for match in matches]


def _meant(directory: Directory, wanted: Candidate) -> Candidate | Contradiction:
    """Return what the directory knows; a new client is known to the requests that follow."""
    match = directory.match(wanted)
    if match is None:
        directory.add(wanted)
        return wanted
    return match


def _known(session: Session, wanted: Iterable[Candidate]) -> tuple[dict[tuple[int, int], Candidate], Directory]:
    rows = [
        {"organization_id": one.organization_id, "id": one.id, "tax_key": one.keys.tax, "vat_key": one.keys.vat}
        for one in wanted
        if one.id or any(one.keys)
    ]
    by_id, directory = {}, Directory()
    for row in run(session, "find_clients", wanted=orjson.dumps(rows).decode()) if rows else ():
        known = Candidate(row.organization_id, row._asdict(), Keys(row.tax_key, row.vat_key), row.id)
        by_id[row.organization_id, row.id] = known
        directory.add(known)
    return by_id, directory


def _create(session: Session, fresh: list[Candidate]) -> None:
    """Insert the new clients, and give each its id."""
    if not fresh:
        return
    # Sorted, so that two groups with the same new clients wait for each other instead of deadlocking.
    fresh.sort(key=lambda one: (one.organization_id, *(key or "" for key in one.keys)))
    rows = [
        {**one.fields, "organization_id": one.organization_id, "tax_key": one.keys.tax, "vat_key": one.keys.vat}
        for one in fresh
    ]
    for one, client_id in zip(fresh, contacts.create(session, rows), strict=True):
        one.id = client_id


def _snapshot(fields: Mapping[str, Any] | None) -> dict[str, str] | Refusal:
    if fields is None:
        return _not_found()
    return {name: fields[name] for name in PARTY_FIELDS if fields.get(name)}


def _id(match: Candidate | Contradiction | None) -> int | Refusal:
    if match is None:
        return _not_found()
    return match.refusal() if isinstance(match, Contradiction) else match.id


def _not_found() -> Invalid:
    return Invalid.sentence("client not found", "client.id")

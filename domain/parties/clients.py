"""Clients, as they are now; an issued invoice keeps its own as the request named it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Client
from db.transaction import violated
from domain.errors import NotFound, Taken
from domain.parties import contacts
from domain.parties.matching import Keys, keys
from domain.parties.party import overwrite
from domain.text import comparable_identity

IDENTITIES = {"clients_tax_id_key": "taxId", "clients_vat_id_key": "vatId"}
SEARCHED = (Client.name, Client.tax_id, Client.vat_id, Client.email)


def create(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Client:
    """Return a new client; raise Taken."""
    tax_key, vat_key = own = keys(fields)
    _refuse_shared_vat_id(session, organization_id, 0, own)
    row = {**fields, "organization_id": organization_id, "tax_key": tax_key, "vat_key": vat_key}
    with _taken():
        [client_id] = contacts.create(session, [row])
    return get(session, organization_id, client_id)


def change(session: Session, organization_id: int, client_id: int, fields: Mapping[str, Any]) -> Client:
    """Return the changed client, absent fields cleared; raise NotFound or Taken."""
    client = locked(session, organization_id, client_id)
    tax_key, vat_key = own = keys(fields)
    _refuse_shared_vat_id(session, organization_id, client_id, own)
    overwrite(client, {**contacts.columns(session, client, fields), "tax_key": tax_key, "vat_key": vat_key})
    with _taken():
        session.flush()
    session.refresh(client)
    contacts.opened(session, [client])
    return client


def delete(session: Session, organization_id: int, client_id: int) -> None:
    """Hide the client for good; its invoices and their snapshots stay."""
    locked(session, organization_id, client_id).deleted_at = func.clock_timestamp()
    session.flush()


def get(session: Session, organization_id: int, client_id: int) -> Client:
    """Return one client; raise NotFound, also for a deleted one."""
    return _one(session, _of(organization_id).where(Client.id == client_id))


def locked(session: Session, organization_id: int, client_id: int) -> Client:
    """Return one client, which nobody else changes or removes before the transaction ends; raise NotFound."""
    found = session.scalar(_of(organization_id).where(Client.id == client_id).with_for_update(key_share=True))
    if found is None:
        raise NotFound("client not found")
    return found


def with_identity(session: Session, organization_id: int, tax_id: str | None, vat_id: str | None) -> Client:
    """Return the client with this tax id; else one with this VAT id and no other tax id. Raise NotFound."""
    tax_key, vat_key = keys({"tax_id": tax_id, "vat_id": vat_id})
    # An id that nobody gave matches no client, not those without one.
    same_tax_id = Client.tax_key == tax_key if tax_key else false()
    same_vat_id = Client.vat_key == vat_key if vat_key else false()
    if tax_key:
        same_vat_id &= Client.tax_key.is_(None)
    found = _of(organization_id).where(or_(same_tax_id, same_vat_id))
    return _one(session, found.order_by(Client.tax_key.is_(None), Client.id).limit(1))


def page(session: Session, organization_id: int, after: int, limit: int, search: str | None = None) -> Sequence[Client]:
    """Return up to `limit` clients with an id above `after`, of those that `search` is part of when it is given."""
    found = _of(organization_id).where(Client.id > after).order_by(Client.id).limit(limit)
    if search is not None:
        found = found.where(_matches(session, organization_id, search))
    return contacts.opened(session, session.scalars(found).all())


def ids_matching(session: Session, organization_id: int, search: str) -> Select[int]:
    """Return what selects the ids of the clients that `search` is part of, deleted ones too."""
    found = _matches(session, organization_id, search)
    return select(Client.id).where(Client.organization_id == organization_id, found)


def _matches(session: Session, organization_id: int, search: str) -> ColumnElement[bool]:
    parts = [column.icontains(search, autoescape=True) for column in SEARCHED]
    if "@" in search and (email_index := contacts.index_of(session, organization_id, search)):
        parts.append(Client.email_index == email_index)
    if number := comparable_identity(search):
        parts += [key.contains(number, autoescape=True) for key in (Client.tax_key, Client.vat_key)]
    return or_(*parts)


@contextmanager
def _taken() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        name = violated(error)
        if name not in IDENTITIES:
            raise
        raise Taken("client", IDENTITIES[name]) from None


def _refuse_shared_vat_id(session: Session, organization_id: int, client_id: int, own: Keys) -> None:
    """Raise Taken unless those that share the VAT id, as a VAT group does, can be told apart by their tax ids."""
    if own.vat is None:
        return
    others = _of(organization_id).where(Client.vat_key == own.vat, Client.id != client_id)
    if own.tax:
        others = others.where(Client.tax_key.is_(None))
    if session.scalar(others.limit(1)):
        raise Taken("client", "vatId")


def _of(organization_id: int) -> Select[Client]:
    return select(Client).where(Client.organization_id == organization_id, Client.deleted_at.is_(None))


def _one(session: Session, found: Select[Client]) -> Client:
    client = session.scalar(found)
    if client is None:
        raise NotFound("client not found")
    contacts.opened(session, [client])
    return client

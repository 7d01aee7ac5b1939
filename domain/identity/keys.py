"""API keys: random, shown once, known by their SHA-256 alone."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db import clock
from db.models import ApiKey, Organization
from db.queries import run
from domain.errors import Invalid, NotFound
from domain.identity import organizations, roles, tokens
from domain.identity.callers import KEY, Caller

log = logging.getLogger(__name__)

KEY_PREFIX = "cf_"
MAX_KEYS = 1000


class NewKey(NamedTuple):
    """A key as it was made, and the secret that opens with it, which cannot be had again."""

    row: ApiKey
    secret: str


def create(
    session: Session,
    organization_id: int,
    name: str,
    role: str | None = None,
    scopes: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> NewKey:
    """Return a new key, an owner's unless a role or scopes say what it may do; raise Invalid or Conflict."""
    if expires_at and expires_at <= clock.now(session):
        raise Invalid.fields({"expiresAt": ["must be later than now"]})
    organizations.require_room(session, organization_id, _live(organization_id), MAX_KEYS, "keys")
    secret = KEY_PREFIX + tokens.new()
    key = ApiKey(
        organization_id=organization_id,
        name=name,
        key_hash=tokens.digest(secret),
        last_four=secret[-4:],
        role=(role or roles.OWNER) if scopes is None else None,
        scopes=scopes and sorted(set(scopes)),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    session.refresh(key)
    return NewKey(key, secret)


def holders(session: Session, secrets_given: Sequence[str]) -> list[Caller | None]:
    """Return who holds each of the keys, None for one that is unknown, revoked or expired, in order.

    Each key that was not used in the last minute has been used now, unless the database can only be read.
    """
    hashes = [tokens.digest(secret) for secret in secrets_given]
    rows = run(session, "find_keys", hashes=hashes)
    if idle := [row.key_id for row in rows if row.idle]:
        _touch(session, idle)
    found = {row.key_hash: _caller(row) for row in rows}
    return [found.get(one) for one in hashes]


def permissions(session: Session, organization_id: int, key_id: int) -> frozenset[str] | None:
    """Return what a key may do now, None if it opens nothing."""
    key = session.scalar(_live(organization_id).where(ApiKey.id == key_id))
    return None if key is None else roles.granted(key.role, key.scopes)


def page(session: Session, organization_id: int, after: int, limit: int) -> Sequence[ApiKey]:
    """Return up to `limit` keys that open something, with an id above `after`, in id order."""
    return session.scalars(_live(organization_id).where(ApiKey.id > after).order_by(ApiKey.id).limit(limit)).all()


def get(session: Session, organization_id: int, key_id: int) -> ApiKey:
    """Return a key that opens something; raise NotFound."""
    key = session.scalar(_live(organization_id).where(ApiKey.id == key_id))
    if key is None:
        raise NotFound(f"there is no live key {key_id}")
    return key


def everyone(session: Session) -> Sequence[tuple[ApiKey, str]]:
    """Return the keys of all organizations that open something, each with its organization's name, in id order."""
    owned = select(ApiKey, Organization.name).join(Organization, Organization.id == ApiKey.organization_id)
    return [(key, name) for key, name in session.execute(owned.where(_opens()).order_by(ApiKey.id))]


def revoke(session: Session, key_id: int) -> None:
    """Let a key open nothing any more; raise NotFound."""
    live = (ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    gone = session.scalar(update(ApiKey).where(*live).values(revoked_at=func.clock_timestamp()).returning(ApiKey.id))
    if gone is None:
        raise NotFound(f"there is no live key {key_id}")


def _touch(session: Session, key_ids: Sequence[int]) -> None:
    """Write down that the keys were used. Where that fails, as on a full disk, they open all the same."""
    try:
        run(session, "touch_keys", ids=key_ids)
    except SQLAlchemyError as error:
        log.warning("that keys were used is not written down: %s", type(error).__name__)


def _opens() -> ColumnElement[bool]:
    valid = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.clock_timestamp())
    return and_(ApiKey.revoked_at.is_(None), valid)


def _live(organization_id: int) -> Select[ApiKey]:
    return select(ApiKey).where(ApiKey.organization_id == organization_id, _opens())


def _caller(row: Any) -> Caller:
    return Caller(
        f"{KEY}:{row.key_id}",
        row.name,
        row.organization_id,
        roles.granted(row.role, row.scopes),
        row.max_requests_per_second,
        row.expires_at,
    )

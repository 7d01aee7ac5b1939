import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import ApiKey, Organization
from db.queries import run
from domain.accounting import chart
from domain.errors import NotFound
from domain.money import smallest_unit
from domain.templates import library

KEY_PREFIX = "cf_"
SYSTEM = "Counterfoil"
LIMITS = ("max_running", "max_requests_per_second", "max_stored_mb", "max_templates", "max_invoices_per_day")


class KeyHolder(NamedTuple):
    """The owner of a key; an operator may also see to what concerns all organizations.

    `max_requests_per_second` is the organization's own quota, None for that of all.
    """

    key_id: int
    organization_id: int
    operator: bool
    max_requests_per_second: int | None


def create(session: Session, name: str, currency_code: str = "EUR") -> Organization:
    """Return a new organization with the default accounts and the shipped templates, the first of them its default.

    Its sales and purchases are in one currency for ever; raise Invalid for an unknown one.
    """
    smallest_unit(currency_code)
    organization = Organization(name=name, currency_code=currency_code)
    session.add(organization)
    session.flush()
    chart.add_default(session, organization.id)
    library.add_shipped(session, organization.id)
    return organization


def system(session: Session) -> int:
    """Return the id of the organization that the installation's own jobs belong to, locked; it is made if need be.

    It has no key, and nothing else belongs to it.
    """
    session.execute(insert(Organization).values(name=SYSTEM, system=True).on_conflict_do_nothing())
    return session.scalars(select(Organization.id).where(Organization.system).with_for_update(key_share=True)).one()


def find(session: Session, name: str) -> Organization | None:
    """Return the first organization of that name, None when there is none."""
    return session.scalars(select(Organization).where(Organization.name == name).order_by(Organization.id)).first()


def create_key(session: Session, organization_id: int, name: str, operator: bool = False) -> str:
    """Return a new random API key; only its SHA-256 is kept, so it cannot be shown again."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    session.add(ApiKey(organization_id=organization_id, name=name, key_hash=key_hash(key), operator=operator))
    session.flush()
    return key


def of_keys(session: Session, keys: Sequence[str]) -> list[KeyHolder | None]:
    """Return whose each of `keys` is, None for an unknown or revoked one, in order."""
    hashes = [key_hash(key) for key in keys]
    found = {
        row.key_hash: KeyHolder(row.key_id, row.organization_id, row.operator, row.max_requests_per_second)
        for row in run(session, "find_keys", hashes=hashes)
    }
    return [found.get(one) for one in hashes]


def live_keys(session: Session) -> Sequence[tuple[ApiKey, str]]:
    """Return the keys that open something, each with its organization's name, in id order."""
    owned = select(ApiKey, Organization.name).join(Organization, Organization.id == ApiKey.organization_id)
    return [(key, name) for key, name in session.execute(owned.where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.id))]


def revoke_key(session: Session, key_id: int) -> None:
    """Let a key open nothing any more; raise NotFound."""
    live = (ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    gone = session.scalar(update(ApiKey).where(*live).values(revoked_at=func.clock_timestamp()).returning(ApiKey.id))
    if gone is None:
        raise NotFound(f"there is no live key {key_id}")


def share(session: Session, organization_id: int, weight: int, **limits: int | None) -> Organization:
    """Set an organization's part of the turns, and its own `limits` by their columns; raise NotFound."""
    organization = session.get(Organization, organization_id)
    if organization is None:
        raise NotFound(f"organization {organization_id} not found")
    organization.weight = weight
    for name in LIMITS:
        setattr(organization, name, limits.get(name))
    session.flush()
    return organization


def page(session: Session, after: int, limit: int) -> Sequence[Organization]:
    """Return up to `limit` organizations with an id above `after`, in id order."""
    return session.scalars(
        select(Organization).where(Organization.id > after).order_by(Organization.id).limit(limit)
    ).all()


def key_hash(key: str) -> bytes:
    """Return the SHA-256 of `key`: keys are 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(key.encode()).digest()

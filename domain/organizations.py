import hashlib
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import ApiKey, Organization
from db.queries import run
from domain.accounting import chart
from domain.invoices import template_library

KEY_PREFIX = "cf_"


def create(session: Session, name: str) -> Organization:
    """Return a new organization with the default accounts and the shipped templates, the first of them its default."""
    organization = Organization(name=name)
    session.add(organization)
    session.flush()
    chart.add_default(session, organization.id)
    template_library.add_shipped(session, organization.id)
    return organization


def find(session: Session, name: str) -> Organization | None:
    """Return the first organization of that name, None when there is none."""
    return session.scalars(select(Organization).where(Organization.name == name).order_by(Organization.id)).first()


def create_key(session: Session, organization_id: int, name: str) -> str:
    """Return a new random API key; only its SHA-256 is kept, so it cannot be shown again."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    session.add(ApiKey(organization_id=organization_id, name=name, key_hash=key_hash(key)))
    session.flush()
    return key


def of_key(session: Session, key: str) -> int | None:
    """Return the id of the organization that `key` belongs to, None for an unknown or revoked key."""
    found = run(session, "find_key", key_hash=key_hash(key))
    return found[0].organization_id if found else None


def key_hash(key: str) -> bytes:
    """Return the SHA-256 of `key`: keys are 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(key.encode()).digest()

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Organization
from domain.accounting import chart
from domain.errors import Conflict, NotFound, say
from domain.money import smallest_unit
from domain.templates import library

SYSTEM = "Counterfoil"
LIMITS = ("max_running", "max_requests_per_second", "max_stored_mb", "max_templates", "max_invoices_per_day")


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
    own = select(Organization.id).where(Organization.system).with_for_update(key_share=True)
    known = session.scalar(own)
    if known is None:
        session.execute(insert(Organization).values(name=SYSTEM, system=True).on_conflict_do_nothing())
        known = session.scalars(own).one()
    return known


def require_room(session: Session, organization_id: int, own: Select[Any], most: int, noun: str) -> None:
    """Raise Conflict if an organization has `most` of its `own` already."""
    # Two at once would both make the last.
    session.execute(select(Organization.id).where(Organization.id == organization_id).with_for_update(key_share=True))
    if session.scalars(select(func.count()).select_from(own.subquery())).one() >= most:
        told = say(
            "an organization has %(most)s %(noun)s at the most: delete one that is not needed", most=most, noun=noun
        )
        raise Conflict(told)


def find(session: Session, name: str) -> Organization | None:
    """Return the first organization of that name, None when there is none."""
    return session.scalars(select(Organization).where(Organization.name == name).order_by(Organization.id)).first()


def get(session: Session, organization_id: int) -> Organization:
    """Return an organization; raise NotFound."""
    organization = session.get(Organization, organization_id)
    if organization is None:
        raise NotFound(f"organization {organization_id} not found")
    return organization


def share(session: Session, organization_id: int, weight: int, **limits: int | None) -> Organization:
    """Set an organization's part of the turns, and its own `limits` by their columns; raise NotFound."""
    organization = get(session, organization_id)
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

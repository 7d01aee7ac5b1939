"""Products and locations of an organization."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Location, Product
from db.transaction import violated
from domain import text
from domain.errors import NotFound, Taken

Thing = TypeVar("Thing", Product, Location)
UNIQUE_FIELD: dict[type[Any], str] = {Product: "sku", Location: "name"}
UNIQUE = {"products_sku_key": ("product", "sku"), "locations_name_key": ("location", "name")}


def create(session: Session, model: type[Thing], organization_id: int, fields: Mapping[str, Any]) -> Thing:
    """Return a new product or location; raise Taken for a SKU or name that looks like one that is there."""
    field = UNIQUE_FIELD[model]
    thing = model(organization_id=organization_id, **fields, **{f"compared_{field}": text.comparable(fields[field])})
    session.add(thing)
    try:
        session.flush()
    except IntegrityError as error:
        name = violated(error)
        if name not in UNIQUE:
            raise
        raise Taken(*UNIQUE[name]) from None
    session.refresh(thing)
    return thing


def get(session: Session, model: type[Thing], organization_id: int, thing_id: int) -> Thing:
    """Return one product or location; raise NotFound."""
    thing = session.scalar(_of(model, organization_id).where(model.id == thing_id))
    if thing is None:
        raise NotFound(f"{model.__name__.lower()} not found")
    return thing


def page(session: Session, model: type[Thing], organization_id: int, after: int, limit: int) -> Sequence[Thing]:
    """Return up to `limit` products or locations with an id above `after`, in id order."""
    wanted = _of(model, organization_id).where(model.id > after).order_by(model.id).limit(limit)
    return session.scalars(wanted).all()


def unknown(session: Session, model: type[Thing], organization_id: int, ids: Collection[int]) -> set[int]:
    """Return those of `ids` that are no product or location of the organization."""
    known = _of(model, organization_id).with_only_columns(model.id).where(model.id.in_(set(ids)))
    return set(ids) - set(session.scalars(known))


def _of(model: type[Thing], organization_id: int) -> Select[Thing]:
    return select(model).where(model.organization_id == organization_id)

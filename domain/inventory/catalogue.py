"""Products and locations of an organization."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Location, Product
from db.transaction import violated
from domain import text
from domain.errors import NotFound, Taken, say

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
        raise NotFound(say("%(noun)s not found", noun=model.__name__.lower()))
    return thing


def page(session: Session, model: type[Thing], organization_id: int, after: int, limit: int) -> Sequence[Thing]:
    """Return up to `limit` products or locations with an id above `after`, in id order."""
    wanted = _of(model, organization_id).where(model.id > after).order_by(model.id).limit(limit)
    return session.scalars(wanted).all()


def named(session: Session, model: type[Thing], organization_id: int, ids: Collection[int]) -> dict[int, Thing]:
    """Return those of `ids` that are products or locations of the organization, by id."""
    return {thing.id: thing for thing in session.scalars(_of(model, organization_id).where(model.id.in_(set(ids))))}


def product_ids(session: Session, organization_id: int, skus: Collection[str]) -> dict[str, int]:
    """Return the id of the product of each SKU that one has, by the SKU as it is given."""
    compared = {}
    for sku in skus:
        with suppress(text.Unbounded):  # no product has it
            compared[sku] = text.comparable(sku)
    wanted = _of(Product, organization_id).where(Product.compared_sku.in_(set(compared.values())))
    known = {product.compared_sku: product.id for product in session.scalars(wanted)}
    return {sku: known[same] for sku, same in compared.items() if same in known}


def unknown(session: Session, model: type[Thing], organization_id: int, ids: Collection[int]) -> set[int]:
    """Return those of `ids` that are no product or location of the organization."""
    known = _of(model, organization_id).with_only_columns(model.id).where(model.id.in_(set(ids)))
    return set(ids) - set(session.scalars(known))


def _of(model: type[Thing], organization_id: int) -> Select[Thing]:
    return select(model).where(model.organization_id == organization_id)

"""What is where: read, taken out, put in. Stock and its movements change together."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Location, Movement, Product, Stock
from db.queries import run
from domain.inventory import catalogue
from domain.inventory.errors import Shortage, ShortLine


class MovedLine(NamedTuple):
    """A line on its way; `worth` is None for one that goes out."""

    line_number: int
    product_id: int
    sku: str
    quantity: Decimal
    worth: Decimal | None = None


def page(session: Session, organization_id: int, location_id: int, after: int, limit: int) -> Sequence[Any]:
    """Return the stock of up to `limit` products above the id `after`, in id order; raise NotFound."""
    catalogue.get(session, Location, organization_id, location_id)
    wanted = select(
        Stock.product_id.label("id"), Stock.product_id, Stock.location_id, Stock.quantity, Stock.value
    ).where(Stock.organization_id == organization_id, Stock.location_id == location_id, Stock.product_id > after)
    return session.execute(wanted.order_by(Stock.product_id).limit(limit)).all()


def movements(
    session: Session, organization_id: int, location_id: int, product_id: int, before: int | None, limit: int
) -> Sequence[Movement]:
    """Return up to `limit` movements of a product at a location, newest first; raise NotFound."""
    catalogue.get(session, Location, organization_id, location_id)
    catalogue.get(session, Product, organization_id, product_id)
    wanted = select(Movement).where(
        Movement.organization_id == organization_id,
        Movement.location_id == location_id,
        Movement.product_id == product_id,
    )
    wanted = wanted.order_by(Movement.id.desc()).limit(limit)
    return session.scalars(wanted.where(Movement.id < before) if before else wanted).all()


def look(session: Session, organization_id: int, location_id: int, lines: Sequence[MovedLine]) -> None:
    """Raise Shortage, which names every short line, unless there is enough for all; it may change at once."""
    there = select(Stock.product_id, Stock.quantity).where(
        Stock.organization_id == organization_id,
        Stock.location_id == location_id,
        Stock.product_id.in_({line.product_id for line in lines}),
    )
    _refuse_shortage(lines, session.execute(there))


def take(session: Session, organization_id: int, location_id: int, lines: Sequence[MovedLine], **origin: Any) -> None:
    """Take each line out with its share of the value; raise Shortage. `origin` is its document and step."""
    place = {"organization_id": organization_id, "location_id": location_id}
    rows = run(session, "lock_stock", **place, product_ids=[line.product_id for line in lines])
    _refuse_shortage(lines, ((row.product_id, row.quantity) for row in rows))
    run(session, "take_stock", **place, **_columns(lines), **origin)


def put(session: Session, organization_id: int, location_id: int, lines: Sequence[MovedLine], **origin: Any) -> None:
    """Put each line in with what it is worth. `origin` is its document and step."""
    place = {"organization_id": organization_id, "location_id": location_id}
    run(session, "put_stock", **place, **_columns(lines), values=[line.worth for line in lines], **origin)


def _columns(lines: Sequence[MovedLine]) -> Mapping[str, Any]:
    return {
        "line_numbers": [line.line_number for line in lines],
        "product_ids": [line.product_id for line in lines],
        "quantities": [line.quantity for line in lines],
    }


def _refuse_shortage(lines: Sequence[MovedLine], rows: Iterable[Any]) -> None:
    there: dict[int, Decimal] = dict(map(tuple, rows))
    short = []
    for line in lines:
        left = there.get(line.product_id, Decimal(0))
        there[line.product_id] = max(left - line.quantity, Decimal(0))
        if left < line.quantity:
            short.append(ShortLine(line.line_number, line.sku, line.quantity.normalize(), left.normalize()))
    if short:
        raise Shortage(short)

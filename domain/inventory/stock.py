"""The stock of a location: read, reserved, taken out, put in. Stock and its movements change together."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Location, Movement, Organization, Product
from db.queries import run
from domain.inventory import catalogue
from domain.inventory.errors import Shortage, ShortLine
from domain.inventory.lines import MovedLine
from domain.money import decimals


def page(session: Session, organization_id: int, location_id: int, after: int, limit: int) -> Sequence[Any]:
    """Return the stock of up to `limit` products above the id `after`, in id order; raise NotFound."""
    catalogue.get(session, Location, organization_id, location_id)
    place = {"organization_id": organization_id, "location_id": location_id}
    return run(session, "list_stock", **place, after=after, limit=limit)


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


def reserve(
    session: Session,
    organization_id: int,
    location_id: int,
    lines: Sequence[MovedLine],
    document_type: str,
    document_id: int,
    job_id: int,
) -> None:
    """Keep what all the lines will take for their job, until it has moved them or has ended without.

    Raise Shortage, which names every short line, and reserve nothing then.
    """
    place = {"organization_id": organization_id, "location_id": location_id}
    product_ids = [line.product_id for line in lines]
    run(session, "lock_stock", **place, product_ids=product_ids)
    # A statement of its own: only now, under the lock, does it see what others have reserved.
    _refuse_shortage(lines, run(session, "available_stock", **place, product_ids=product_ids))
    kept = {"document_type": document_type, "document_id": document_id, "job_id": job_id}
    run(session, "reserve_stock", **place, **_columns(lines), **kept)


def hold(
    session: Session,
    organization_id: int,
    location_id: int,
    lines: Sequence[MovedLine],
    document_type: str,
    document_id: int,
) -> None:
    """Keep what the lines have brought in from everybody, until all of their document is in or it is put back."""
    place = {"organization_id": organization_id, "location_id": location_id}
    kept = {"document_type": document_type, "document_id": document_id, "job_id": None}
    run(session, "reserve_stock", **place, **_columns(lines), **kept)


def let_go(session: Session, document_type: str, document_id: int) -> None:
    """Let everybody have what a document has brought in."""
    run(session, "release_stock", document_type=document_type, document_id=document_id)


def take(session: Session, organization_id: int, location_id: int, lines: Sequence[MovedLine], **origin: Any) -> None:
    """Take out what is reserved for the lines, each with its share of the value. `origin` is as for `put`."""
    place = {"organization_id": organization_id, "location_id": location_id}
    run(session, "lock_stock", **place, product_ids=[line.product_id for line in lines])
    currency = session.scalar(select(Organization.currency_code).where(Organization.id == organization_id))
    run(session, "take_stock", **place, **_columns(lines), **origin, decimals=decimals(currency or ""))


def put(session: Session, organization_id: int, location_id: int, lines: Sequence[MovedLine], **origin: Any) -> None:
    """Put each line in with what it is worth. `origin` is their document and step."""
    run(session, "put_stock", organization_id=organization_id, location_id=location_id, **_columns(lines), **origin)


def take_back(
    session: Session, organization_id: int, location_id: int, lines: Sequence[MovedLine], **origin: Any
) -> None:
    """Take out what the lines had brought in, with the value that it had brought. `origin` is as for `put`."""
    place = {"organization_id": organization_id, "location_id": location_id}
    run(session, "lock_stock", **place, product_ids=[line.product_id for line in lines])
    run(session, "take_back_stock", **place, **_columns(lines), **origin)


def _columns(lines: Sequence[MovedLine]) -> Mapping[str, Any]:
    return {
        "line_numbers": [line.line_number for line in lines],
        "product_ids": [line.product_id for line in lines],
        "quantities": [line.quantity for line in lines],
        "values": [line.worth for line in lines],
        "rounds": [line.round for line in lines],
    }


def _refuse_shortage(lines: Sequence[MovedLine], rows: Iterable[Any]) -> None:
    available: dict[int, Decimal] = dict(map(tuple, rows))
    short = []
    for line in lines:
        left = available.get(line.product_id, Decimal(0))
        available[line.product_id] = max(left - line.quantity, Decimal(0))
        if left < line.quantity:
            short.append(ShortLine(line.line_number, line.sku, line.quantity.normalize(), left.normalize()))
    if short:
        raise Shortage(short)

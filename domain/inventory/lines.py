"""A document's lines as a step finds them: those that it has still to move, and those that it has moved."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import exists, func, null, select
from sqlalchemy.orm import Session

from db.models import Product, Reservation
from domain.errors import NotFound
from domain.inventory.documents import of
from domain.inventory.steps import Step

MAX_LINES_IN_A_STEP = 10


class MovedLine(NamedTuple):
    """A line on its way. `round` is how often it will have moved; `worth` the value it changes the stock's by.

    `worth` is None for a line that takes its share of the value that is there.
    """

    line_number: int
    product_id: int
    sku: str
    quantity: Decimal
    round: int = 1
    worth: Decimal | None = None


def lock_document(session: Session, step: Step, organization_id: int, document_id: int) -> Any:
    """Return the document, which nobody else moves, refuses or undoes until `session` ends; raise NotFound."""
    wanted = of(step.document, organization_id).where(step.document.id == document_id)
    document = session.scalar(wanted.with_for_update(key_share=True).execution_options(populate_existing=True))
    if document is None:
        raise NotFound(f"{step.noun} not found")
    return document


def unmoved(
    session: Session, step: Step, document_id: int, limit: int | None = None
) -> tuple[Sequence[MovedLine], int]:
    """Return the first lines that the step has still to move, and how many there are of these in all."""
    worth = null() if step.goes_out else step.worth
    return _lines(session, step, document_id, worth, step.last_round() % 2 == 0, limit)


def moved(session: Session, step: Step, document_id: int, limit: int | None = None) -> tuple[Sequence[MovedLine], int]:
    """Return the first lines that the step has moved, and how many there are of these in all."""
    return _lines(session, step, document_id, step.last_value(), step.last_round() % 2 == 1, limit)


def unreserved(session: Session, step: Step, document_id: int) -> Sequence[MovedLine]:
    """Return the lines that the step has still to move and that nothing is reserved for."""
    reservation = exists().where(
        Reservation.document_type == step.noun,
        Reservation.document_id == step.owner,
        Reservation.line_number == step.line.line_number,
    )
    return _lines(session, step, document_id, null(), (step.last_round() % 2 == 0) & ~reservation, None)[0]


def count(session: Session, step: Step, document_id: int) -> int:
    """Return how many lines the document has."""
    return session.scalar(select(func.count()).select_from(step.line).where(step.owner == document_id)) or 0


def _lines(
    session: Session, step: Step, document_id: int, worth: Any, which: Any, limit: int | None
) -> tuple[Sequence[MovedLine], int]:
    line, following = step.line, step.last_round() + 1
    wanted = select(
        line.line_number, line.product_id, Product.sku, line.quantity, following, worth, func.count().over()
    )
    wanted = wanted.join(Product, Product.id == line.product_id).where(step.owner == document_id, which)
    rows = session.execute(wanted.order_by(line.line_number).limit(limit)).all()
    return [MovedLine(*moved) for *moved, _ in rows], rows[0][-1] if rows else 0

"""Documents on the move: a job is submitted for all the lines, and moves ten of them a transaction.

Whoever moves lines holds the document's row, and takes those that have not moved yet. So a job that goes on after a
crash, one submitted after a failed one, and two at once, move each line once between them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, func, null, select
from sqlalchemy.orm import Session

from db.jobs import ClaimedJob
from db.models import Job, Movement, Product
from domain.accounting.documents import Document, changed
from domain.inventory import stock
from domain.inventory.documents import of
from domain.inventory.errors import JobAtWork, NotFound, WrongStatus
from domain.inventory.steps import Step
from domain.inventory.stock import MovedLine
from domain.jobs.lifecycle import FINISHED
from domain.jobs.submission import enqueue
from domain.jobs.work import Context, Payload, Progress, Steps

BATCH = 10


def submit(step: Step, session: Session, organization_id: int, payload: Payload, **terms: Any) -> int:
    """Owe the job that moves a document's lines; return its id. Notes in the payload replace the document's.

    Raise NotFound, WrongStatus, JobAtWork, or Shortage if there is too little stock as of now.
    """
    document = _lock(session, step, organization_id, payload[step.key])
    if document.status != step.before:
        raise WrongStatus(document.number, document.status, step.before)
    _refuse_second(session, document)
    if step.worth is None:
        lines, _ = _unmoved(session, step, document.id)
        stock.look(session, organization_id, getattr(document, step.location), lines)
    document.notes = payload.get("notes", document.notes)
    owed = [(f"{step.noun}:{document.id}", payload)]
    [document.job_id] = enqueue(
        session, organization_id, step.kind, owed, total=_size(session, step, document.id), **terms
    )
    return document.job_id


def walk(step: Step, context: Context, job: ClaimedJob) -> Steps:
    """Move every line of the document exactly once, ten a transaction; then its status and its entries change."""
    document_id = job.payload[step.key]
    total = _size(context.session, step, document_id)
    while True:
        document = _lock(context.session, step, job.organization_id, document_id)
        lines, left = _unmoved(context.session, step, document_id, BATCH)
        if not lines:
            break
        if document.status != step.before:
            raise WrongStatus(document.number, document.status, step.before)
        _move(context.session, step, document, lines)
        yield Progress(total - left + len(lines), total)
    if document.status == step.before:
        document.status = step.after
        setattr(document, step.at, func.clock_timestamp())
        changed(context.session, job.organization_id, [Document(step.noun, document_id)])
    return {step.key: document_id, f"{step.noun}Number": document.number, "itemsProcessed": total}


def _lock(session: Session, step: Step, organization_id: int, document_id: int) -> Any:
    wanted = of(step.document, organization_id).where(step.document.id == document_id)
    document = session.scalar(wanted.with_for_update(key_share=True))
    if document is None:
        raise NotFound(f"{step.noun} not found")
    return document


def _refuse_second(session: Session, document: Any) -> None:
    status = session.scalar(select(Job.status).where(Job.id == document.job_id))
    if status and status not in FINISHED:
        raise JobAtWork(document.number, document.job_id)


def _unmoved(
    session: Session, step: Step, document_id: int, limit: int | None = None
) -> tuple[Sequence[MovedLine], int]:
    """Return the first lines that have not moved, and how many there are of these in all."""
    line = step.line
    worth = null() if step.worth is None else step.worth
    wanted = select(func.count().over(), line.line_number, line.product_id, Product.sku, line.quantity, worth)
    wanted = wanted.join(Product, Product.id == line.product_id)
    wanted = wanted.where(step.owner == document_id, ~exists(select(Movement.id).where(step.moved())))
    rows = session.execute(wanted.order_by(line.line_number).limit(limit)).all()
    return [MovedLine(*row[1:]) for row in rows], rows[0][0] if rows else 0


def _move(session: Session, step: Step, document: Any, lines: Sequence[MovedLine]) -> None:
    move = stock.take if step.worth is None else stock.put
    origin = {"document_type": step.noun, "document_id": document.id, "step": step.name}
    move(session, document.organization_id, getattr(document, step.location), lines, **origin)


def _size(session: Session, step: Step, document_id: int) -> int:
    return session.scalar(select(func.count()).select_from(step.line).where(step.owner == document_id)) or 0

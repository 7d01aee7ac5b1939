"""Documents on the move: a job is submitted for all the lines, and moves ten of them a transaction.

Only the job that a document names moves its lines, under the document's lock, and takes those that have not moved yet.
So a job that goes on after a crash and the zombie before it move each line once between them. Goods that leave are
reserved when the job is accepted: no step can find too little. Goods that come in stay reserved until the last line is
in, so that what is only half done can be undone.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.jobs import ClaimedJob
from db.models import Job
from domain.accounting.sources import Source, changed
from domain.errors import NotYet
from domain.events.telling import News, tell
from domain.inventory import lines, stock
from domain.inventory.errors import NotItsJob, Undoing, WrongStatus
from domain.inventory.lines import MAX_LINES_IN_A_STEP, MovedLine, lock_document, unmoved
from domain.inventory.steps import POST, UNDOING, Step
from domain.inventory.undoing import owe_undo, refuse_second
from domain.jobs.lifecycle import Status
from domain.jobs.submission import enqueue
from domain.jobs.work import Context, Payload, Progress, Steps


def submit(step: Step, session: Session, organization_id: int, payload: Payload, **terms: Any) -> int:
    """Owe the job that moves a document's lines, and reserve all that leaves; return the job's id.

    Notes in the payload replace the document's. Raise NotFound, WrongStatus, JobAtWork or Shortage.
    """
    document = lock_document(session, step, organization_id, payload[step.key])
    _require(step, document)
    refuse_second(session, document)
    document.notes = payload.get("notes", document.notes)
    total = lines.count(session, step, document.id)
    owed = [(f"{step.noun}:{document.id}", payload)]
    [document.job_id] = enqueue(session, organization_id, step.kind, owed, total=total, **terms)
    _reserve(session, step, document)
    return document.job_id


def walk(step: Step, context: Context, job: ClaimedJob) -> Steps:
    """Move every line of the document exactly once, ten a transaction; then its status and its entries change."""
    document_id = job.payload[step.key]
    total, reserved = lines.count(context.session, step, document_id), False
    while True:
        session = context.session
        document = lock_document(session, step, job.organization_id, document_id)
        if document.status == step.after:
            break
        if document.status == UNDOING:
            raise NotYet(str(Undoing(document.number, document.undo_job_id)))
        _require(step, document)
        _require_own(document, job)
        if not reserved:
            _reserve(session, step, document)  # a job that was ended and requeued has lost what it had reserved
            reserved = True
        batch, left = unmoved(session, step, document_id, MAX_LINES_IN_A_STEP)
        if not batch:
            _finish(session, step, document)
            break
        _move(session, step, document, batch)
        yield Progress(total - left + len(batch), total)
    return {step.key: document_id, f"{step.noun}Number": document.number, "itemsProcessed": total}


def withdraw(step: Step, session: Session, organization_id: int, document_id: int, job_id: int) -> bool:
    """See to it that a failed job never moves the document, whose caller is told so; return False if it goes on.

    The document is locked: a worker whom a requeue has given the job finds it closed, or has already gone on with it.
    What the job had moved before it failed is put back.
    """
    document = lock_document(session, step, organization_id, document_id)
    if not has_failed(session, job_id):
        return False
    if document.job_id == job_id:
        document.job_id = None
        if not owe_undo(step, session, document) and step is POST:
            document.status = "refused"
    return True


def has_failed(session: Session, job_id: int) -> bool:
    """Return whether a job is FAILED as of now."""
    return session.scalar(select(Job.status).where(Job.id == job_id)) == Status.FAILED


def _require(step: Step, document: Any) -> None:
    if document.status == UNDOING:
        raise Undoing(document.number, document.undo_job_id)
    if document.status != step.before:
        raise WrongStatus(document.number, document.status, step.before)


def _require_own(document: Any, job: ClaimedJob) -> None:
    if document.job_id != job.id:
        raise NotItsJob(document.number, job.id)


def _reserve(session: Session, step: Step, document: Any) -> None:
    if step.goes_out and (wanted := lines.unreserved(session, step, document.id)):
        place = document.organization_id, getattr(document, step.location)
        stock.reserve(session, *place, wanted, step.noun, document.id, document.job_id)


def _move(session: Session, step: Step, document: Any, batch: Sequence[MovedLine]) -> None:
    place = document.organization_id, getattr(document, step.location)
    (stock.take if step.goes_out else stock.put)(session, *place, batch, **step.origin(document))
    if not step.goes_out:
        stock.hold(session, *place, batch, step.noun, document.id)


def _finish(session: Session, step: Step, document: Any) -> None:
    if not step.goes_out:
        stock.let_go(session, step.noun, document.id)
    document.status = step.after
    setattr(document, step.at, func.clock_timestamp())
    changed(session, document.organization_id, [Source(step.noun, document.id)])
    said = {step.key: document.id, f"{step.noun}Number": document.number, "jobId": document.job_id}
    tell(session, document.organization_id, [News(f"{step.noun}.{step.after}", said)])

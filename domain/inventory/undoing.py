"""A step that was left half done is undone: each line that has moved goes back, with the value that it moved with."""

from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.jobs import ClaimedJob
from db.models import Job
from domain.errors import NotFound
from domain.inventory import lines, stock
from domain.inventory.errors import JobAtWork, WrongStatus
from domain.inventory.lines import MAX_LINES_IN_A_STEP, lock_document
from domain.inventory.steps import APPROVE, COMPLETE, POST, SEND, UNDOING, Step
from domain.jobs.lifecycle import FINISHED
from domain.jobs.submission import enqueue
from domain.jobs.work import Context, Payload, Progress, Steps

STEPS = {step.noun: step for step in (SEND, POST, APPROVE)}


def owe_undo(step: Step, session: Session, document: Any, **terms: Any) -> int | None:
    """Owe the job that puts back what the step has moved of a locked document; return its id, None if nothing has.

    The document is `undoing` until that job has ended, and then in the state before the step.
    """
    _, moved = lines.moved(session, step, document.id, 1)
    if not moved:
        return None
    document.status = UNDOING
    owed = [(f"{step.noun}:{document.id}", {step.key: document.id})]
    [document.undo_job_id] = enqueue(session, document.organization_id, step.undo_kind, owed, total=moved, **terms)
    return document.undo_job_id


def cancelled(step: Step, session: Session, organization_id: int, job_id: int, payload: Payload) -> None:
    """Undo what a job has moved of its document, in the transaction that cancels the job."""
    with suppress(NotFound):
        document = lock_document(session, step, organization_id, payload[step.key])
        if document.job_id == job_id and document.status == step.before:
            owe_undo(step, session, document)


def submit(noun: str, session: Session, organization_id: int, payload: Payload, **terms: Any) -> int:
    """Owe the job that undoes what a failed one left half done; return its id.

    Raise NotFound, JobAtWork, or WrongStatus if nothing is half done.
    """
    document = lock_document(session, STEPS[noun], organization_id, payload[STEPS[noun].key])
    refuse_second(session, document)
    step = step_under_way(document)
    job_id = owe_undo(step, session, document, **terms) if document.status in (step.before, UNDOING) else None
    if job_id is None:
        raise WrongStatus(document.number, document.status, "half done")
    return job_id


def walk(noun: str, context: Context, job: ClaimedJob) -> Steps:
    """Put back every line that has moved exactly once, ten a transaction; then the document is as before the step."""
    step, total = STEPS[noun], None
    document_id = job.payload[step.key]
    while True:
        session = context.session
        document = lock_document(session, step, job.organization_id, document_id)
        step = step_under_way(document)
        if document.status == step.before:
            break
        if document.status != UNDOING:
            raise WrongStatus(document.number, document.status, UNDOING)
        batch, left = lines.moved(session, step, document_id, MAX_LINES_IN_A_STEP)
        if not batch:
            document.status = step.before
            break
        total = total or context.cursor + left
        place = document.organization_id, getattr(document, step.location)
        (stock.put if step.goes_out else stock.take_back)(session, *place, batch, **step.origin(document))
        yield Progress(total - left + len(batch), total)
    return {step.key: document_id, f"{noun}Number": document.number, "itemsProcessed": total or context.cursor}


def step_under_way(document: Any) -> Step:
    """Return the step that a document takes next, or is half through."""
    step = STEPS[type(document).__name__.lower()]
    return COMPLETE if step is SEND and document.sent_at else step


def half_done(session: Session, document: Any) -> int:
    """Return how many lines have moved of a step that has not come to its end, 0 if none is under way."""
    step = step_under_way(document)
    return lines.moved(session, step, document.id, 1)[1] if document.status in (step.before, UNDOING) else 0


def refuse_second(session: Session, document: Any) -> None:
    """Raise JobAtWork while a job that moves the document, or puts it back, has not ended."""
    at_work = select(Job.id).where(Job.id.in_([document.job_id, document.undo_job_id]), Job.status.not_in(FINISHED))
    if job_id := session.scalar(at_work.limit(1)):
        raise JobAtWork(document.number, job_id)

"""The way of one job, from its acceptance to the webhooks that were told of it, as far as rows still tell it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AutomationJob, Bill, Invoice, Job, Mail
from db.queries import run
from domain.bills.status import ASK, PROCESS, SCAN
from domain.jobs.lifecycle import FINISHED, Status

# Among so many events that were numbered since a job ended are those that it has caused.
MAX_EVENTS = 2000


class Moment(NamedTuple):
    """Something that has happened: `what` is a word of ours, `detail` a name or a sentence.

    `subject` is the field and the id of a thing, `after` the time since the moment before, None for the first.
    """

    what: str
    at: datetime
    detail: str = ""
    subject: tuple[str, int] | None = None
    after: timedelta | None = None


class Made(NamedTuple):
    """What a job was for or has made: `field` is what events call its id, `name` what people call it by."""

    field: str
    id: int
    name: str


def timeline(
    session: Session, job: Job, attempts: Sequence[dict[str, Any]], published: datetime | None
) -> list[Moment]:
    """Return what has happened to a job, in order. `published` is when the broker was sent a job that waits."""
    moments = [*_accepted(job), *_attempted(job, attempts)]
    if published:
        moments.append(Moment("published", published, job.lane))
    if job.status in FINISHED:
        moments += [*_mailed(session, job), *_told(session, job)]
    moments.sort(key=lambda one: one.at)
    times = [one.at for one in moments]
    return [moments[0], *(one._replace(after=one.at - at) for one, at in zip(moments[1:], times, strict=False))]


def made(session: Session, job: Job) -> list[Made]:
    """Return what the job was for, and what came of it."""
    found = [Made(field, one, str(one)) for field, key in _names(job) if (one := _id(job, key))]
    invoices = session.scalars(select(Invoice).where(Invoice.job_id == job.id))
    found += [Made("invoiceId", invoice.id, invoice.invoice_number) for invoice in invoices]
    caused = session.get(AutomationJob, (job.organization_id, job.id))
    if caused:
        automation_id = caused.caused_by["automationId"]
        found.append(Made("automationId", automation_id, str(automation_id)))
    return found


def _names(job: Job) -> Iterator[tuple[str, str]]:
    """Yield what a payload may name, with the field of the payload that has its id."""
    yield ("billId" if job.kind in (PROCESS, SCAN, ASK) else "invoiceId"), "invoiceId"
    yield "invoiceId", "invoice_id"
    for field in ("transferId", "saleId", "purchaseId", "mailId", "mailboxId", "automationId", "webhookId"):
        yield field, field


def _id(job: Job, key: str) -> int:
    """Return the id in a field of the payload, 0 if there is none."""
    found = job.payload.get(key)
    return found if isinstance(found, int) and 0 < found < 2**63 else 0


def _accepted(job: Job) -> Iterator[Moment]:
    yield Moment("accepted", job.created_at, job.created_by or "")
    if job.run_at and job.run_at > job.created_at:
        yield Moment("due", job.run_at)


def _attempted(job: Job, attempts: Sequence[dict[str, Any]]) -> Iterator[Moment]:
    for one in attempts:
        yield Moment("claimed", one["started_at"], one["worker"] or "")
        if one["ended_at"] and one["outcome"] in ("retried", "swept", "failed"):
            yield Moment(one["outcome"], one["ended_at"], one["error"] or "")
    if job.status in (Status.COMPLETED, Status.CANCELLED) and job.completed_at:
        yield Moment("committed" if job.status == Status.COMPLETED else "cancelled", job.completed_at)
    if job.status == Status.PENDING and job.attempts and job.available_at > job.read_at:
        yield Moment("due", job.available_at)


def _mailed(session: Session, job: Job) -> Iterator[Moment]:
    wanted = select(Mail).where(Mail.organization_id == job.organization_id, Mail.id == _id(job, "mailId"))
    for mail in session.scalars(wanted.where(Mail.sent_at.is_not(None))):
        yield Moment("sent", mail.sent_at or mail.created_at, mail.subject, ("mailId", mail.id))


def _told(session: Session, job: Job) -> Iterator[Moment]:
    """Yield the events that the job has caused, and their deliveries."""
    bills = session.scalars(select(Bill.id).where(Bill.organization_id == job.organization_id, Bill.job_id == job.id))
    rows = run(
        session, "find_events_of_job",
        organization_id=job.organization_id, job_id=str(job.id), since=job.completed_at, looked_at=MAX_EVENTS,
        mail_ids=[str(_id(job, "mailId"))], bill_ids=[str(one) for one in bills],
    )  # fmt: skip
    seen = set()
    for row in rows:
        if row.sequence not in seen:
            yield Moment("told", row.sequenced_at, row.type)
        seen.add(row.sequence)
        if row.delivered_at:
            yield Moment("delivered", row.delivered_at, row.type, ("webhookId", row.webhook_id))

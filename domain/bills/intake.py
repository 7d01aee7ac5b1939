"""A bill comes in: its row and its job in one commit, after its file has been stored."""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Bill
from domain.bills.status import PROCESS
from domain.files import storing
from domain.files.storing import File
from domain.jobs.admission import admission
from domain.jobs.submission import enqueue

UPLOAD, MAILBOX = "upload", "mailbox"


class Received(NamedTuple):
    """A bill, and whether it is `new`: the same bytes may have come in before."""

    bill: Bill
    new: bool


def receive(session: Session, file: File, file_name: str, source: str) -> Received:
    """Write the bill of a stored file and owe the job that reads it, or return the bill that has these bytes.

    Whoever receives several in one transaction does so in the order of their `sha256`.
    Raise TooManyWaiting, or what `storing.keep` raises.
    """
    organization_id = file.organization_id
    admission.admit(session, organization_id)
    storing.keep(session, file)
    fields = {"organization_id": organization_id, "sha256": file.sha256, "file_name": file_name, "source": source}
    # Waits for one that is writing the same bytes.
    if new := session.scalar(insert(Bill).values(fields).on_conflict_do_nothing().returning(Bill)):
        owe(session, new, PROCESS)
        return Received(new, new=True)
    known = select(Bill).where(Bill.organization_id == organization_id, Bill.sha256 == file.sha256)
    return Received(session.scalars(known).one(), new=False)


def owe(session: Session, bill: Bill, kind: str, **terms: Any) -> None:
    """Owe the job that works on a bill from now on; `terms` are those of `enqueue_jobs`."""
    [bill.job_id] = enqueue(session, bill.organization_id, kind, [work(bill.organization_id, bill.id)], **terms)
    session.flush()


def work(organization_id: int, bill_id: int) -> tuple[str, dict[str, int]]:
    """Return the group key of a bill's job, so that those of one organization run together, and what it knows."""
    return str(organization_id), {"invoiceId": bill_id, "tenantId": organization_id}

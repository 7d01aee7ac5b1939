"""Invoice requests on their way into the queue: what can be known to fail is refused before a row is written."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Invoice, Job
from db.queries import run
from domain.invoices.errors import InvoiceRefused
from domain.invoices.pricing import price
from domain.invoices.request import InvoiceRequest
from domain.jobs.admission import admission
from domain.jobs.lifecycle import Status
from domain.jobs.submission import enqueue

KIND = "invoice.generate"


class RequestNotFound(Exception):
    """The organization has no such invoice request."""


class NotCompleted(Exception):
    """There is no invoice yet, or there will be none; `status` says which."""

    def __init__(self, status: str):
        super().__init__(f"the request is {status}")
        self.status = status


def accept(session: Session, organization_id: int, requests: Sequence[InvoiceRequest]) -> list[int | InvoiceRefused]:
    """Enqueue a job for each request that can be issued, and say why of each that cannot, in order.

    Raise TooManyWaiting when none may be added.
    """
    admission.admit(session, organization_id)
    suppliers = _suppliers(session, organization_id, {request.supplier_id for request in requests})
    verdicts = [_refusal(request, suppliers) for request in requests]
    accepted = [request for request, refused in zip(requests, verdicts, strict=True) if refused is None]
    payloads = [(str(request.supplier_id), request.payload()) for request in accepted]
    ids = iter(enqueue(session, organization_id, KIND, payloads) if payloads else ())
    return [refused or next(ids) for refused in verdicts]


def find(session: Session, organization_id: int, request_id: int) -> Job:
    """Return the job that is the request; raise RequestNotFound."""
    job = session.scalar(
        select(Job).where(Job.id == request_id, Job.organization_id == organization_id, Job.kind == KIND)
    )
    if job is None:
        raise RequestNotFound("invoice request not found")
    return job


def invoice_of(session: Session, organization_id: int, request_id: int) -> Invoice:
    """Return the invoice that the request became; raise RequestNotFound or NotCompleted."""
    job = find(session, organization_id, request_id)
    if job.status != Status.COMPLETED:
        raise NotCompleted(job.status)
    return session.scalars(select(Invoice).where(Invoice.job_id == job.id)).one()


def _suppliers(session: Session, organization_id: int, ids: set[int]) -> dict[int, Any]:
    rows = run(session, "load_suppliers", ids=sorted(ids))
    return {row.id: row for row in rows if row.organization_id == organization_id}


def _refusal(request: InvoiceRequest, suppliers: Mapping[int, Any]) -> InvoiceRefused | None:
    supplier = suppliers.get(request.supplier_id)
    if supplier is None:
        return InvoiceRefused("supplier not found")
    try:
        price(request.items, request.currency_code or supplier.currency_code, supplier.default_tax_rate)
    except InvoiceRefused as refused:
        return refused
    return None

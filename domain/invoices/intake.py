"""Invoice requests on their way into the queue: what can be known to fail is refused before a row is written."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.jobs import NewJob
from db.models import Invoice, Job
from domain import encryption
from domain.errors import Conflict, NotFound, Refusal
from domain.identity.quotas import OverQuota, quotas
from domain.invoices import numbering, printable, series
from domain.invoices.numbering import Key
from domain.invoices.request import KIND, InvoiceRequest
from domain.jobs.admission import TooManyWaiting, admission
from domain.jobs.lifecycle import Status
from domain.jobs.submission import enqueue_jobs
from domain.pricing import price

Verdict = int | Refusal | TooManyWaiting | OverQuota


def accept(session: Session, requests: Sequence[InvoiceRequest]) -> list[Verdict]:
    """Enqueue a job for each request that can be issued, and say why of each that cannot, in order.

    The requests may be of several organizations. All that is written is one statement, the last.
    """
    keys = [Key(one.supplier_id, one.series_code) for one in requests]
    suppliers = numbering.suppliers(session, "find_suppliers", sorted(set(keys)))
    refusals = [_refusal(one, suppliers.get(key)) for one, key in zip(requests, keys, strict=True)]
    asked = Counter(one.organization_id for one, refused in zip(requests, refusals, strict=True) if refused is None)
    full = {organization_id: refusal(session, organization_id, count) for organization_id, count in asked.items()}
    verdicts = [refused or full[one.organization_id] for one, refused in zip(requests, refusals, strict=True)]
    accepted = [request for request, refused in zip(requests, verdicts, strict=True) if refused is None]
    jobs = [NewJob(one.organization_id, one.payload(), str(one.supplier_id), one.created_by) for one in accepted]
    keys_of = encryption.organization_keys(session, suppliers.values()) if jobs else {}
    ids = iter(enqueue_jobs(session, KIND, jobs, keys=keys_of) if jobs else ())
    return [refused or next(ids) for refused in verdicts]


def find(session: Session, organization_id: int, request_id: int, kind: str = KIND) -> Job:
    """Return the job that is the request; raise NotFound."""
    job = session.scalar(
        select(Job).where(Job.id == request_id, Job.organization_id == organization_id, Job.kind == kind)
    )
    if job is None:
        raise NotFound("request not found")
    return job


def invoice_of(session: Session, organization_id: int, request_id: int) -> Invoice:
    """Return the invoice that the request became; raise NotFound or Conflict."""
    job = find(session, organization_id, request_id)
    if job.status != Status.COMPLETED:
        raise Conflict(f"the request is {job.status}", status=job.status)
    return session.scalars(select(Invoice).where(Invoice.job_id == job.id)).one()


def refusal(session: Session, organization_id: int, count: int) -> TooManyWaiting | OverQuota | None:
    """Return why the organization can have no `count` invoices more, None if it can."""
    try:
        admission.admit(session, organization_id)
        quotas.admit_invoices(session, organization_id, count)
    except (TooManyWaiting, OverQuota) as full:
        return full
    return None


def _refusal(request: InvoiceRequest, found: Any | None) -> Refusal | None:
    try:
        supplier = series.required(request, found)
        series.check_dates(request, supplier)
        printable.check(request)
        currency = request.currency_code or supplier.currency_code
        price(request.items, currency, supplier.default_tax_rate, supplier.tax_rounding)
    except Refusal as refused:
        return refused
    return None

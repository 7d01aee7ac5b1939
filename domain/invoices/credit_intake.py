"""Credit requests on their way into the queue: what can be known to fail is refused before a row is written."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.jobs import NewJob
from db.models import Job
from domain.errors import Refusal
from domain.invoices import crediting, intake
from domain.invoices.crediting import CreditRequest
from domain.invoices.intake import Verdict
from domain.invoices.request import CREDIT_KIND as KIND
from domain.jobs.submission import enqueue_jobs


def accept(session: Session, organization_id: int, requests: Sequence[CreditRequest]) -> list[Verdict]:
    """Enqueue a job for each request that can be done as things are, and say why of each that cannot, in order."""
    refusals = [_refusal(session, request) for request in requests]
    accepted = [request for request, refused in zip(requests, refusals, strict=True) if refused is None]
    if not accepted:
        return [refused for refused in refusals if refused]
    if full := intake.refusal(session, organization_id, len(accepted)):
        return [refused or full for refused in refusals]
    ids = iter(enqueue_jobs(session, KIND, [NewJob(organization_id, one.payload()) for one in accepted]))
    return [refused or next(ids) for refused in refusals]


def find(session: Session, organization_id: int, request_id: int) -> Job:
    """Return the job that is the request; raise NotFound."""
    return intake.find(session, organization_id, request_id, KIND)


def _refusal(session: Session, request: CreditRequest) -> Refusal | None:
    try:
        crediting.check(session, request)
    except Refusal as refused:
        return refused
    return None

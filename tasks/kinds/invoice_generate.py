from collections.abc import Sequence

from domain.invoices import generation
from domain.invoices.intake import KIND
from domain.invoices.request import InvoiceRequest
from domain.jobs.work import ClaimedJob, Context, Outcome, job


# Since version 2 what is personal may be sealed.
@job(KIND, group=500, version=2, upgrades={1: dict}, personal=("client", "notes"), max_attempts=5, backoff=5.0)
def generate_invoices(context: Context, jobs: Sequence[ClaimedJob]) -> list[Outcome]:
    """Each job ends with exactly one invoice, or with the reason why it can have none."""
    adopted = generation.adopt(context.session, [job.id for job in jobs if job.attempts > 1])
    fresh = [job for job in jobs if job.id not in adopted]
    requests = [InvoiceRequest.of_job(job.organization_id, job.id, job.payload) for job in fresh]
    issued = adopted | dict(zip((job.id for job in fresh), generation.issue(context.session, requests), strict=True))
    return [i if isinstance(i := issued[job.id], Exception) else i.result() for job in jobs]

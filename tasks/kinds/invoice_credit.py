from typing import Any

from domain.invoices import crediting, generation
from domain.invoices.crediting import CreditRequest
from domain.invoices.request import CREDIT_KIND as KIND
from domain.jobs.work import ClaimedJob, Context, job


# Since version 2 what is personal may be sealed.
@job(KIND, version=2, upgrades={1: dict}, personal=("notes", "reason"), max_attempts=5, backoff=5.0)
def credit_invoice(context: Context, claimed: ClaimedJob) -> dict[str, Any]:
    """The job ends with exactly one credit note, or with the reason why it can have none."""
    adopted = generation.adopt(context.session, [claimed.id] if claimed.attempts > 1 else [])
    if claimed.id in adopted:
        return adopted[claimed.id].result()
    request = CreditRequest.of_job(claimed.organization_id, claimed.id, claimed.payload)
    return crediting.issue(context.session, request).result()

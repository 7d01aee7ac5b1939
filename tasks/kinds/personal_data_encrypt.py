from typing import Any

from domain import master_keys
from domain.jobs.work import ClaimedJob, Context, Later, job
from domain.personal_data import encrypting
from domain.personal_data.encrypting import KIND

# While this worker has no master key, and others may.
LACKING_S = 60.0


@job(KIND)
def encrypt_personal_data(context: Context, claimed: ClaimedJob) -> dict[str, Any] | Later:
    """In the end no contact of the organization's clients is kept in plain."""
    if not master_keys.are_given():
        return Later(LACKING_S)
    return Later(0.0) if encrypting.encrypt_some(context.session, claimed.organization_id) else {}

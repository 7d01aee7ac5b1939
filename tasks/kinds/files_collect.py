from collections.abc import Sequence

from domain.files import collection
from domain.files.collection import KIND
from domain.jobs.lanes import IO
from domain.jobs.work import ClaimedJob, Context, Errand, Later, job

# While the storage is away.
AWAY_S = 600.0


@job(KIND, outside=True, lane=IO)
def collect(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """What an organization's writes have left in the storage is gone, unless somebody kept it within a day."""
    [claimed] = jobs
    writes = collection.give_up(context.session, claimed.organization_id)
    if not writes:
        return [{}]
    gone = yield lambda: collection.delete(claimed.organization_id, writes)
    collection.forget(context.session, claimed.organization_id, gone)
    return [Later(0.0 if gone else AWAY_S)]

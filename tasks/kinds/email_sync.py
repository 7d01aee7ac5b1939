from collections.abc import Sequence

from domain.jobs.lanes import IO
from domain.jobs.work import ClaimedJob, Context, Errand, job
from domain.mailboxes.owing import KIND
from domain.mailboxes.sync import Sync


@job(KIND, outside=True, lane=IO, max_attempts=5, backoff=30.0)
def sync_mailbox(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """Each mail of the mailbox is recorded once, with its bills; or the mailbox says why it cannot be read."""
    sync = Sync(jobs[0])
    try:
        if outcome := sync.prepare(context.session):
            return [outcome]
        found = yield sync.connect
        while (outcome := sync.record(context.session, found)) is None:
            found = yield sync.onward()
        return [outcome]
    finally:
        sync.close()

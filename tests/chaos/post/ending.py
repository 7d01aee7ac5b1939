"""How it ends: all servers answer, who was killed too often starts anew, and time passes until nothing is left."""

from collections.abc import Sequence

import requests

from db import jobs as job_rows
from db.jobs import DIED, LATE
from db.transaction import transaction
from local.process import LOOPBACK
from tests.chaos.post.senders import Sent
from tests.chaos.post.servers import Post
from tests.faults.load import UNFINISHED, fetch, value
from tests.waiting import wait_until

# Not for what waits a moment only, which would be tried without end.
AN_HOUR_PASSES = """
    WITH waiting AS (
        UPDATE jobs SET available_at = clock_timestamp()
        WHERE status = 'PENDING' AND available_at > clock_timestamp() + interval '5 seconds' RETURNING id)
    UPDATE outbox SET due_at = clock_timestamp() WHERE job_id IN (SELECT id FROM waiting)"""
KILLED = "SELECT organization_id, id FROM jobs WHERE status = 'FAILED' AND error = ANY(%s)"
PAUSES_PASS = "UPDATE webhooks SET paused_until = NULL WHERE paused_until IS NOT NULL"
UNREAD = (
    "SELECT id, last_error FROM mailboxes WHERE last_error IS NOT NULL OR last_sync_at IS NULL OR last_sync_at < %s"
)
LEFT = """
    SELECT kind, status, attempts, error FROM jobs WHERE status IN ('PENDING', 'PROCESSING')
    UNION ALL SELECT 'mailbox', id::text, failures, last_error FROM mailboxes"""


def bring_to_an_end(all_sent: Sequence[Sent], post: Post, port: int, seconds: float) -> None:
    """Return when all mails are read and every job has ended; fail after `seconds`."""
    for sent in all_sent:
        post.put(sent.folder)

    def all_read() -> bool:
        if not _at_rest():
            return False
        for sent in all_sent if fetch(UNREAD, put) else ():
            url = f"http://{LOOPBACK}:{port}/api/v1/mailboxes/{sent.mailbox_id}/sync"
            requests.post(url, headers={"Authorization": f"Bearer {sent.tenant.key}"}, timeout=30).raise_for_status()
        return not fetch(UNREAD, put)

    try:
        wait_until(_at_rest, seconds)
        # Not before: what was under way may have looked into a folder that had not all of its mails yet.
        put = value("SELECT clock_timestamp()")
        wait_until(all_read, seconds)
    except AssertionError:
        raise AssertionError(f"after {seconds} s there is still to do: {fetch(LEFT)}") from None


def _at_rest() -> bool:
    """Have an hour pass for what waits, requeue what its killers have failed; return whether nothing is left."""
    fetch(AN_HOUR_PASSES)
    fetch(PAUSES_PASS)
    with transaction() as session:
        for organization_id, job_id in fetch(KILLED, [LATE, DIED]):
            job_rows.requeue(session, organization_id, job_id)
    return not value(UNFINISHED)

"""Writes that nobody kept within a day are given up, and their files deleted: a crash leaves nothing behind.

Giving one up and keeping it take the same row, so one of the two comes first and the other finds that it has.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from db.queries import fetch, run
from db.transaction import transaction
from domain.files import storing
from domain.jobs.lanes import IO
from domain.jobs.priorities import NORMAL
from domain.jobs.submission import enqueue

KIND = "files.collect"
GIVEN_UP_H = 24
# Of one run, each with a call of the storage; and of one clean-up, each with a job.
MAX_WRITES, MAX_ORGANIZATIONS = 100, 100
# After which a run deletes nothing more: a slow storage must not outlast its lease.
BUDGET_S = 10.0


class Write(NamedTuple):
    """A file that was written, perhaps in part, and not kept."""

    id: int
    sha256: bytes


def owe() -> None:
    """Owe a job for each organization that has writes to give up and no such job."""
    terms = {"kind": KIND, "lane": IO, "priority": NORMAL, "hours": GIVEN_UP_H, "limit": MAX_ORGANIZATIONS}
    with transaction() as session:
        for row in run(session, "find_stale_writes", **terms):
            enqueue(session, row.organization_id, KIND, [("", {})])


def give_up(session: Session, organization_id: int) -> list[Write]:
    """Return some of the writes that nobody kept in time, and that nobody can keep from now on."""
    terms = {"organization_id": organization_id, "hours": GIVEN_UP_H, "limit": MAX_WRITES}
    return fetch(session, Write, "give_up_writes", **terms)


def delete(organization_id: int, writes: Sequence[Write]) -> list[Write]:
    """Delete their files, with no transaction open; return those that are gone: none if the storage is away."""
    gone: list[Write] = []
    ends = time.monotonic() + BUDGET_S
    for write in writes:
        if time.monotonic() > ends:
            break
        try:
            storing.forget(organization_id, write.sha256, write.id)
        except storing.StorageAway:
            break
        gone.append(write)
    return gone


def forget(session: Session, organization_id: int, writes: Sequence[Write]) -> None:
    """Have the rows go as well."""
    run(session, "forget_writes", organization_id=organization_id, ids=[write.id for write in writes])

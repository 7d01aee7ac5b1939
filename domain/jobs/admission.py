"""A caller that submits more than can wait is told to come again, before the database drowns in it.

One organization's flood is refused to that organization alone; what all of them together leave waiting, to everybody.
The counts are those of a moment ago, so that asking costs nothing: the limits are passed by what comes in meanwhile.
"""

import time

from sqlalchemy.orm import Session

import settings
from db import outbox, statistics

COUNT_KEPT_S = 1.0
# To count what one organization has waiting takes longer the more it is, so the answer is kept that much longer.
COUNT_KEPT_PER_SECOND_OF_COUNTING = 20
PART_TO_BE_WORKED_OFF = 0.01
MAX_PAUSE_S = 60


class TooManyWaiting(Exception):
    """No more can be accepted; `own` says whether of this organization alone, `pause` is seconds until it is better."""

    def __init__(self, limit: int, own: bool, pause: int):
        whose = "of your organization " if own else ""
        super().__init__(f"{limit:,} jobs {whose}wait already, and no more may; send this again later")
        self.own, self.pause = own, pause


class Admission:
    """One process's knowledge of the backlog."""

    def __init__(self) -> None:
        self._waiting, self._until = 0, 0.0
        self._own: dict[int, tuple[int, float]] = {}

    def admit(self, session: Session, organization_id: int, held: float = 0.0) -> None:
        """Raise TooManyWaiting if `organization_id` may not submit a job now.

        What is `held` for whoever submits it, as by `enqueue`, is run at once and does not wait: it is never refused.
        """
        if held:
            return
        if self._all(session) >= settings.current().max_backlog:
            raise TooManyWaiting(settings.current().max_backlog, False, _pause(session, settings.current().max_backlog))
        most = settings.current().max_backlog_per_organization
        if self._waiting >= most and self._of(session, organization_id, most) >= most:
            raise TooManyWaiting(most, True, _pause(session, most))

    def _all(self, session: Session) -> int:
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + COUNT_KEPT_S
            self._waiting = outbox.count_waiting(session)
            self._own = {one: known for one, known in self._own.items() if known[1] > time.monotonic()}
        return self._waiting

    def _of(self, session: Session, organization_id: int, most: int) -> int:
        jobs, until = self._own.get(organization_id, (0, 0.0))
        started = time.monotonic()
        if started >= until:
            self._own[organization_id] = (
                jobs,
                started + settings.current().statement_timeout,
            )  # the others do not count as well
            jobs = outbox.count_waiting_of(session, organization_id, most)
            kept = max(COUNT_KEPT_S, COUNT_KEPT_PER_SECOND_OF_COUNTING * (time.monotonic() - started))
            self._own[organization_id] = jobs, time.monotonic() + kept
        return jobs


def _pause(session: Session, limit: int) -> int:
    """Return in how many seconds a part of `limit` is worked off, as things went lately."""
    rate = sum(row.jobs_per_second for row in statistics.drain_rates(session))
    return max(1, min(MAX_PAUSE_S, round(limit * PART_TO_BE_WORKED_OFF / rate))) if rate else MAX_PAUSE_S


admission = Admission()

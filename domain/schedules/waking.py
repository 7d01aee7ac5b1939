"""Owes the jobs of schedules whose slot has come. Any number may wake at once: each takes what no other holds.

Jobs, their slots and the next slot are one commit, so that a waker which dies has done all of it or nothing.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import clock
from db.models import Schedule, ScheduleSlot
from db.queries import run
from db.transaction import is_transient, savepoint, statement, transaction
from domain.errors import PermanentError
from domain.identity.quotas import OverQuota
from domain.jobs import verdict
from domain.jobs.admission import TooManyWaiting
from domain.jobs.payloads import FromTheFuture
from domain.jobs.registry import find, kinds
from domain.schedules.registration import owe, timing_of
from domain.schedules.timing import CatchUp

log = logging.getLogger(__name__)

AT_ONCE, ROUNDS = 50, 20


def wake() -> None:
    """Owe a job for each slot that has come, of kinds that are known here; the rest of very many comes next time."""
    known = [kind.name for kind in kinds()]
    for _ in range(ROUNDS):
        with statement() as session:
            ids = [row.id for row in run(session, "find_due_schedules", kinds=known, limit=AT_ONCE)]
        if not ids or not _run(ids) or len(ids) < AT_ONCE:
            return


def realign(session: Session) -> None:
    """Have each schedule come again as its time says, once the clock was put back; a slot that was run stays run."""
    now = clock.now(session)
    for schedule in session.scalars(select(Schedule).where(Schedule.next_at > now).with_for_update()):
        schedule.next_at = timing_of(schedule).after(now)


def _run(ids: Sequence[int]) -> int:
    """Run those of the schedules that are due still and that nobody else holds; return how many."""
    with transaction() as session:
        due = select(Schedule).where(Schedule.id.in_(ids), Schedule.next_at <= func.statement_timestamp())
        held = session.scalars(due.order_by(Schedule.id).with_for_update(skip_locked=True)).all()
        for schedule in held:
            _make_jobs(session, schedule, clock.now(session))
        return len(held)


def _make_jobs(session: Session, schedule: Schedule, now: datetime) -> None:
    try:
        slots = timing_of(schedule).due(schedule.next_at or now, now, CatchUp(schedule.catch_up))
        # A submission that does more than write its job may be refused for one slot and not for another.
        alone = find(schedule.kind).submit is not None
        new = _new(session, schedule, slots)
        for some in [[slot] for slot in new] if alone else [new]:
            _make(session, schedule, some)
        following = timing_of(schedule).after(now)
    except (FromTheFuture, ZoneInfoNotFoundError) as unknown:
        log.warning("schedule %d is left to a part that knows more: %s", schedule.id, unknown)
        return
    if not slots:
        log.info("schedule %d: what was due since %s was missed, and is skipped", schedule.id, schedule.next_at)
    schedule.next_at = following


def _new(session: Session, schedule: Schedule, slots: Sequence[datetime]) -> list[datetime]:
    """Return the slots that were not run before a clock was put back."""
    known = select(ScheduleSlot.slot).where(ScheduleSlot.schedule_id == schedule.id, ScheduleSlot.slot.in_(slots))
    run_before = set(session.scalars(known))
    return [slot for slot in slots if slot not in run_before]


def _make(session: Session, schedule: Schedule, slots: Sequence[datetime]) -> None:
    """Make the jobs of the slots; if they are refused, the slots are over all the same, and the schedule says why."""
    if not slots:
        return
    job_ids: Sequence[int | None] = [None] * len(slots)
    schedule.last_error = None
    try:
        with savepoint(session):
            job_ids = owe(session, schedule, slots)
    except FromTheFuture:
        raise
    except (PermanentError, TooManyWaiting, OverQuota) as refused:
        schedule.last_error = str(refused)
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("schedule %d: no job could be made", schedule.id)
        schedule.last_error = verdict.readable(error)
    session.add_all(
        ScheduleSlot(schedule_id=schedule.id, slot=slot, job_id=job_id)
        for slot, job_id in zip(slots, job_ids, strict=True)
    )
    schedule.last_slot, schedule.last_job_id = slots[-1], job_ids[-1]

"""Schedules as their readers see them: with their time in words, and what became of the last job."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from db import jobs as job_rows
from db.models import Schedule
from domain.schedules import registration
from domain.schedules.registration import Keeper


class Seen:
    """A schedule with its meaning, whether its kind declares it, and the status of its last job in small letters."""

    def __init__(self, row: Schedule, status: str | None) -> None:
        self._row = row
        self.last_job_status = status and status.lower()
        self.meaning = registration.timing_of(row).explained()
        self.declared = row.keeper == Keeper.KIND

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    @property
    def id(self) -> int:
        return self._row.id

    @classmethod
    def all(cls, session: Session, rows: Sequence[Schedule]) -> "list[Seen]":
        made = [row.last_job_id for row in rows if row.last_job_id]
        statuses = {job.id: job.status for job in job_rows.states(session, made)}
        return [cls(row, statuses.get(row.last_job_id)) for row in rows]

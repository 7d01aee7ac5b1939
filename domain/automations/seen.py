"""Automations and their runs as their readers see them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from db.models import Automation, AutomationRun, Schedule
from domain.automations import registration, runs
from domain.schedules.registration import timing_of


class Seen:
    """An automation with its trigger as its readers see it."""

    def __init__(self, row: Automation, schedule: Schedule | None) -> None:
        self._row, self.id = row, row.id
        self.trigger = {
            "event": row.event_type,
            "cron": schedule and schedule.cron,
            "time_zone": schedule and schedule.time_zone,
            "meaning": schedule and timing_of(schedule).explained(),
            "next_at": schedule and schedule.next_at,
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    @classmethod
    def all(cls, session: Session, rows: Sequence[Automation]) -> "list[Seen]":
        schedules = registration.schedules_of(session, rows)
        return [cls(row, schedules.get(row.schedule_id or 0)) for row in rows]

    @classmethod
    def one(cls, session: Session, row: Automation) -> "Seen":
        [seen] = cls.all(session, [row])
        return seen


class SeenRun:
    """A run as its readers see it."""

    def __init__(self, row: AutomationRun, status: str, error: str | None) -> None:
        self._row, self.id, self.status, self.error = row, row.id, status, error
        self.event = row if row.sequence else None
        self.depth = len(row.chain)
        done = row.status in (runs.SUCCEEDED, runs.FAILED)
        to_come = "pending" if status == runs.PENDING else runs.SKIPPED
        self.actions = row.actions if done else [{**runs.plan(one), "status": to_come} for one in row.actions]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, SmallInteger, Text, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class Schedule(Base):
    """A job that is owed again and again: by a cron expression in a time zone, or every so many seconds.

    Its keeper is a caller, or else the kind or the automation that declares it.
    """

    __tablename__ = "schedules"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    keeper: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    payload_version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    cron: Mapped[str | None] = mapped_column(Text)
    every_seconds: Mapped[int | None] = mapped_column(Integer)
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    catch_up: Mapped[str] = mapped_column(Text, server_default="once")
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=true())
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    # Since when it is as it is: intervals are counted from there.
    anchor: Mapped[Timestamp]
    # The next slot; None of one that is paused, or for which no time comes any more.
    next_at: Mapped[datetime | None] = mapped_column(TIME)
    last_slot: Mapped[datetime | None] = mapped_column(TIME)
    last_job_id: Mapped[int | None] = mapped_column(BigInteger)
    # Why no job was made for the last slot.
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]


class ScheduleSlot(Base):
    """A time at which a schedule was due, and the job that was made for it, None if that was refused."""

    __tablename__ = "schedule_slots"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(TIME, primary_key=True)
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[Timestamp]

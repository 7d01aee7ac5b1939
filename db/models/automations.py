from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, Text, Uuid, false, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class Automation(Base):
    """What is done when an event says so, or in each slot of its schedule, in the name of whoever wrote it."""

    __tablename__ = "automations"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    owner: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    event_type: Mapped[str | None] = mapped_column(Text)
    schedule_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("schedules.id"))
    conditions: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # Whether it fires for each event for which its conditions hold, not only when they become true.
    repeat: Mapped[bool] = mapped_column(Boolean, server_default=false())
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=true())
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    # Runs that failed since the last that succeeded.
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]


class AutomationRun(Base):
    """One firing of an automation. `chain` has the automations that led to it, itself the last."""

    __tablename__ = "automation_runs"

    id: Mapped[BigId]
    organization_id: Mapped[int] = mapped_column(BigInteger)
    automation_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[UUID | None] = mapped_column(Uuid)
    slot: Mapped[datetime | None] = mapped_column(TIME)
    chain: Mapped[list[int]] = mapped_column(JSONB, server_default="[]")
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]
    ended_at: Mapped[datetime | None] = mapped_column(TIME)


class AutomationJob(Base):
    """A job that a run has caused, and the chain that led to it."""

    __tablename__ = "automation_jobs"

    organization_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    caused_by: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Timestamp]


class AutomationSubject(Base):
    """Something that an automation's conditions held for when an event last told of it."""

    __tablename__ = "automation_subjects"

    automation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    subject: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[Timestamp]

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Integer, SmallInteger, Text, Uuid, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from db.models.columns import TIME, Base, BigId, Timestamp


class Job(Base):
    """A piece of work that is owed. Read through this class; moved by the verbs in db/queries alone.

    Its status decides where the row stands: in open_jobs, or once COMPLETED in its week of completed_jobs.
    """

    __tablename__ = "jobs"

    id: Mapped[BigId]
    organization_id: Mapped[int] = mapped_column(BigInteger)  # open_jobs has the foreign key
    kind: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    group_key: Mapped[str] = mapped_column(Text, server_default="")
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    payload_version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    progress: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    total: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text, server_default="PENDING")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    max_attempts: Mapped[int] = mapped_column(SmallInteger)
    # Before that time it does not start, whatever is done to the clock.
    run_at: Mapped[datetime | None] = mapped_column(TIME)
    # Of one kind and key one job at a time waits or runs.
    unique_key: Mapped[str | None] = mapped_column(Text)
    # How often in a row, with no progress, it was handed back as its own connection to the database was lost.
    hand_backs: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    available_at: Mapped[Timestamp]
    lease_token: Mapped[UUID | None] = mapped_column(Uuid)
    lease_expires_at: Mapped[datetime | None] = mapped_column(TIME)
    worker: Mapped[str | None] = mapped_column(Text)
    cancel_requested: Mapped[bool] = mapped_column(Boolean, server_default=false())
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    # The key that asked for it, as `key:7`; NULL if Counterfoil did by itself.
    created_by: Mapped[str | None] = mapped_column(Text)
    # Of the request or job that owes it (W3C Trace Context); NULL if that is of no trace.
    traceparent: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]
    started_at: Mapped[datetime | None] = mapped_column(TIME)
    completed_at: Mapped[datetime | None] = mapped_column(TIME)
    read_at: Mapped[datetime] = column_property(func.clock_timestamp())


class JobAttempt(Base):
    """An attempt that did not end well; the one that did is the job's own row."""

    __tablename__ = "job_attempts"

    id: Mapped[BigId]
    job_id: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str] = mapped_column(Text)
    worker: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(TIME)
    ended_at: Mapped[Timestamp]

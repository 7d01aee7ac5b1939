from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from db.models.columns import Base, BigId, OrganizationId, Timestamp

TIME = DateTime(timezone=True)


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
    available_at: Mapped[Timestamp]
    lease_token: Mapped[UUID | None] = mapped_column(Uuid)
    lease_expires_at: Mapped[datetime | None] = mapped_column(TIME)
    worker: Mapped[str | None] = mapped_column(Text)
    cancel_requested: Mapped[bool] = mapped_column(Boolean, server_default=false())
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
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


class OutboxEntry(Base):
    """The slip of a PENDING job; it lives until a worker has claimed the job."""

    __tablename__ = "outbox"

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organization_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer)
    group_key: Mapped[str] = mapped_column(Text)
    # How many jobs its group may have at the most, NULL for as many as its kind allows. Set once the job was swept or
    # handed back after a failure, so that it cannot take as many others down with it again.
    group_limit: Mapped[int | None] = mapped_column(Integer)
    due_at: Mapped[Timestamp]
    published_at: Mapped[datetime | None] = mapped_column(TIME)


class RelayState(Base):
    """What relays say: while `listening`, an intake wakes them by NOTIFY; while they are busy, nobody pays for one."""

    __tablename__ = "relay_state"

    id: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    listening: Mapped[bool] = mapped_column(Boolean, server_default=false())
    reaches_broker: Mapped[bool] = mapped_column(Boolean, server_default=true())
    # When a relay last said so; NULL before the first has.
    reported_at: Mapped[datetime | None] = mapped_column(TIME)
    # The sweep has put right the entries of all jobs up to here, and begins anew from zero when it is through.
    mended_to: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # No lease that ran out before is left to be swept.
    swept_to: Mapped[Timestamp] = mapped_column(TIME, server_default=text("'-infinity'"))


class Pause(Base):
    """A lane or a kind of which the relay sends nothing."""

    __tablename__ = "pauses"

    what: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[Timestamp]


class RunStatistics(Base):
    """What one worker has done of one kind. Times are seconds.

    The buckets of the counts are domain.jobs.monitoring.statistics.BOUNDS.
    """

    __tablename__ = "run_statistics"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    worker: Mapped[str] = mapped_column(Text, primary_key=True)
    completed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    wait_seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    run_seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    # Sums that forget: what is long ago counts little.
    recent_runs: Mapped[float] = mapped_column(Double, server_default=text("0"))
    recent_jobs: Mapped[float] = mapped_column(Double, server_default=text("0"))
    recent_seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    recent_jobs_squared: Mapped[float] = mapped_column(Double, server_default=text("0"))
    recent_jobs_seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    wait_counts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    run_counts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    updated_at: Mapped[Timestamp]


class WaitStatistics(Base):
    """How long the jobs waited that were claimed within an hour; once that is folded, the worker is ''."""

    __tablename__ = "wait_statistics"

    hour: Mapped[datetime] = mapped_column(TIME, primary_key=True)
    worker: Mapped[str] = mapped_column(Text, primary_key=True)
    lane: Mapped[str] = mapped_column(Text, primary_key=True)
    organization_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    wait_counts: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class Incident(Base):
    """How often something was refused: lost leases, forged messages."""

    __tablename__ = "incidents"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[Timestamp]


class IdempotencyKey(Base):
    """The first answer to a key, written in the transaction of the work it answers."""

    __tablename__ = "idempotency_keys"

    organization_id: Mapped[OrganizationId] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status_code: Mapped[int] = mapped_column(SmallInteger)
    response: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Timestamp]

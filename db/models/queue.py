from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import Base, BigId, OrganizationId, Timestamp

TIME = DateTime(timezone=True)


class Job(Base):
    """A piece of work that is owed. Read through this class; moved by the verbs in db/queries alone."""

    __tablename__ = "jobs"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    kind: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    group_key: Mapped[str] = mapped_column(Text, server_default="")
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text, server_default="PENDING")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    max_attempts: Mapped[int] = mapped_column(SmallInteger)
    available_at: Mapped[Timestamp]
    lease_token: Mapped[UUID | None] = mapped_column(Uuid)
    lease_expires_at: Mapped[datetime | None] = mapped_column(TIME)
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[Timestamp]
    started_at: Mapped[datetime | None] = mapped_column(TIME)
    completed_at: Mapped[datetime | None] = mapped_column(TIME)


class OutboxEntry(Base):
    """The slip of a PENDING job; it lives until a worker has claimed the job."""

    __tablename__ = "outbox"

    job_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("jobs.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer)
    group_key: Mapped[str] = mapped_column(Text)
    # Set once the job failed or was swept in company, so that it cannot take others down with it again.
    alone: Mapped[bool] = mapped_column(Boolean, server_default=false())
    due_at: Mapped[Timestamp]
    published_at: Mapped[datetime | None] = mapped_column(TIME)


class RelayState(Base):
    """One row: while `listening`, an intake wakes the relay by NOTIFY; while it is busy, nobody pays for one."""

    __tablename__ = "relay_state"

    id: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    listening: Mapped[bool] = mapped_column(Boolean, server_default=false())


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

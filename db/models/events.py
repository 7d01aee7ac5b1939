from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Text, Uuid, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, Timestamp


class EventStream(Base):
    """An organization that has asked for events, and the number of the last one."""

    __tablename__ = "event_streams"

    organization_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"), primary_key=True)
    last_sequence: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # When events were numbered last.
    sequenced_at: Mapped[datetime | None] = mapped_column(TIME)
    # Whether automations ask for its events.
    automated: Mapped[bool] = mapped_column(Boolean, server_default=false())
    created_at: Mapped[Timestamp]


class PendingEvent(Base):
    """An event that was told in the transaction of its change, and has no number yet."""

    __tablename__ = "pending_events"

    organization_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[BigId]
    type: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # The deliveries and runs that it leads to are of this trace.
    traceparent: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]


class Event(Base):
    """An event with its number, in the partition of its week."""

    __tablename__ = "events"

    organization_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid)
    type: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(TIME)
    sequenced_at: Mapped[Timestamp] = mapped_column(primary_key=True)

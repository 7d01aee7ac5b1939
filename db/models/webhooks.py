from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Interval,
    LargeBinary,
    SmallInteger,
    Text,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class Webhook(Base):
    """An address that is told of events. Its secrets and its headers are encrypted."""

    __tablename__ = "webhooks"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    url: Mapped[str] = mapped_column(Text)
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    description: Mapped[str | None] = mapped_column(Text)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    # The one before it signs as well until then.
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None] = mapped_column(TIME)
    header_names: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    headers: Mapped[bytes | None] = mapped_column(LargeBinary)
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=true())
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    # Since the last delivery that succeeded, with no day between: when the first failed and the last, how many runs
    # failed, and the last warning's day.
    failing_since: Mapped[datetime | None] = mapped_column(TIME)
    last_failed_at: Mapped[datetime | None] = mapped_column(TIME)
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    days_warned: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    paused_until: Mapped[datetime | None] = mapped_column(TIME)
    # How long a delivery took lately where others were on their way beside it.
    pace: Mapped[timedelta] = mapped_column(Interval, server_default=text("'50 ms'"))
    # The first job of the run that sends to it. While that is PROCESSING, no other run does.
    held_by: Mapped[int | None] = mapped_column(BigInteger)
    # Others found it held: who holds it has them go on at once.
    awaited: Mapped[bool] = mapped_column(Boolean, server_default=false())
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]


class Delivery(Base):
    """An event on its way to a webhook. It is delivered, or else what its job is."""

    __tablename__ = "deliveries"

    id: Mapped[BigId]
    organization_id: Mapped[int] = mapped_column(BigInteger)
    webhook_id: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    job_id: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    delivered_at: Mapped[datetime | None] = mapped_column(TIME)
    created_at: Mapped[Timestamp]

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, Text, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, Timestamp


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
    """The relays' own report. While `listening`, an intake wakes them by NOTIFY; while busy, nobody pays for one."""

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
    # The latest time that a sweep has seen; the clock has been put back if it shows less.
    clock_seen: Mapped[Timestamp]


class Pause(Base):
    """A lane or a kind of which the relay sends nothing."""

    __tablename__ = "pauses"

    what: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[Timestamp]

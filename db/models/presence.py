from datetime import datetime

from sqlalchemy import ARRAY, Double, Integer, Text, cast, extract, func, text
from sqlalchemy.orm import Mapped, column_property, mapped_column, query_expression

from db.models.columns import TIME, Base, Timestamp


class Canary(Base):
    """A lane's canary; the first that no worker has answered was sent at `unanswered_since`, None if all were."""

    __tablename__ = "canaries"

    lane: Mapped[str] = mapped_column(Text, primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(TIME, server_default=text("clock_timestamp()"))
    unanswered_since: Mapped[datetime | None] = mapped_column(TIME)
    answered_at: Mapped[datetime | None] = mapped_column(TIME)
    worker: Mapped[str | None] = mapped_column(Text)
    sent_seconds: Mapped[float] = column_property(cast(extract("epoch", func.clock_timestamp() - sent_at), Double))
    unanswered_seconds: Mapped[float | None] = column_property(
        cast(extract("epoch", func.clock_timestamp() - unanswered_since), Double)
    )


class Process(Base):
    """A process of the installation, seen alive at `seen_at`; its jobs were taken back at `silent_at`.

    It has missed no three heartbeats since `steady_since`. Its own clock is `ahead_seconds` ahead of the database's.
    """

    __tablename__ = "processes"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(Integer)
    version: Mapped[str] = mapped_column(Text)
    lanes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    started_at: Mapped[datetime] = mapped_column(TIME, server_default=text("clock_timestamp()"))
    seen_at: Mapped[datetime] = mapped_column(TIME, server_default=text("clock_timestamp()"))
    steady_since: Mapped[Timestamp]
    silent_at: Mapped[datetime | None] = mapped_column(TIME)
    ahead_seconds: Mapped[float | None] = mapped_column(Double)
    age_seconds: Mapped[float] = column_property(cast(extract("epoch", func.clock_timestamp() - started_at), Double))
    idle: Mapped[bool] = query_expression()
    silent_seconds: Mapped[float] = column_property(cast(extract("epoch", func.clock_timestamp() - seen_at), Double))

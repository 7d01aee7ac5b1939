from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Double, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, Timestamp


class RunStatistics(Base):
    """One worker's runs of one kind. Times are seconds.

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

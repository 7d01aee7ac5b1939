from datetime import datetime

from sqlalchemy import Boolean, Integer, LargeBinary, SmallInteger, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class Organization(Base):
    __tablename__ = "organizations"

    id: Mapped[BigId]
    name: Mapped[str] = mapped_column(Text)
    # Its share when organizations take turns, and how many of its jobs may be out at once.
    weight: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    max_running: Mapped[int | None] = mapped_column(Integer)
    # Quotas of its own; None means the installation's.
    max_requests_per_second: Mapped[int | None] = mapped_column(Integer)
    max_stored_mb: Mapped[int | None] = mapped_column(Integer)
    max_templates: Mapped[int | None] = mapped_column(Integer)
    max_invoices_per_day: Mapped[int | None] = mapped_column(Integer)
    currency_code: Mapped[str] = mapped_column(Text, server_default="EUR")
    # That of the installation itself, of which there is one at the most.
    system: Mapped[bool] = mapped_column(Boolean, server_default=false())
    created_at: Mapped[Timestamp]


class ApiKey(Base):
    """A key is known by its SHA-256 alone; the plain key is shown once, when it is made."""

    __tablename__ = "api_keys"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Timestamp]
    revoked_at: Mapped[datetime | None] = mapped_column(TIME)
    # An operator's key also opens what concerns all organizations: queues, pauses, metrics.
    operator: Mapped[bool] = mapped_column(Boolean, server_default=false())

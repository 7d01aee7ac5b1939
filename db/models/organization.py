from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import Base, BigId, OrganizationId, Timestamp


class Organization(Base):
    __tablename__ = "organizations"

    id: Mapped[BigId]
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp]


class ApiKey(Base):
    """A key is known by its SHA-256 alone; the plain key is shown once, when it is made."""

    __tablename__ = "api_keys"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Timestamp]
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

from datetime import datetime

from sqlalchemy import BigInteger, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class File(Base):
    """A file that is kept: its content is in the storage, under a key of its organization, SHA-256 and write."""

    __tablename__ = "files"

    organization_id: Mapped[OrganizationId] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(Text)
    write_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Timestamp]


class FileWrite(Base):
    """What is on its way into the storage, or stayed there: the row goes when the file is kept, or deleted."""

    __tablename__ = "file_writes"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(BigInteger)
    stored_at: Mapped[Timestamp]
    # From then on nobody may keep it.
    given_up_at: Mapped[datetime | None] = mapped_column(TIME)


class FileTotal(Base):
    """How many files an organization keeps, and their bytes: its quota is looked at with each of them."""

    __tablename__ = "file_totals"

    organization_id: Mapped[OrganizationId] = mapped_column(primary_key=True)
    files: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(BigInteger)

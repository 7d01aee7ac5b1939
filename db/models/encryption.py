from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import Base, BigId, Timestamp


class DataKey(Base):
    """What encrypts an organization's secrets, itself encrypted by a master key that is not in the database."""

    __tablename__ = "data_keys"

    id: Mapped[BigId]
    organization_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"), unique=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    master_key_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp]

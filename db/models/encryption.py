from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import Base, BigId, OrganizationId, Timestamp


class DataKey(Base):
    """What encrypts an organization's secrets, or what is kept of one client; a master key outside encrypts it."""

    __tablename__ = "data_keys"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    # None for the organization's own. A client's is deleted to remove what was kept of the client.
    client_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("clients.id"))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    master_key_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp]

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class Mail(Base):
    """A mail that is owed, or was sent. It is written anew for each attempt; what somebody wrote in it is encrypted."""

    __tablename__ = "mails"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    supplier_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("suppliers.id"))
    # Whose key encrypts `message` and `addresses`; None for a mail that concerns no client, the organization's.
    client_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("clients.id"))
    # The address and answer of each recipient, encrypted, which `recipients` then lacks.
    addresses: Mapped[bytes | None] = mapped_column(LargeBinary)
    # For each: address, status (queued, sent, refused, failed), code, answer, at.
    recipients: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    template: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    locale_code: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    message: Mapped[bytes | None] = mapped_column(LargeBinary)
    # For each: invoice_id, invoice_number, format.
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    # The same in each attempt.
    message_id: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="queued")
    error: Mapped[str | None] = mapped_column(Text)
    # The last job that sends it: jobs leave their table, so no foreign key.
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[datetime | None] = mapped_column(TIME)
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]

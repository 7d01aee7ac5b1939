from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, SmallInteger, Text, false, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp

NONE = text("0")


class Mailbox(Base):
    """A folder of mail on a server, of which every mail is read once. What lets us in is encrypted."""

    __tablename__ = "mailboxes"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    name: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    port: Mapped[int] = mapped_column(Integer)
    security: Mapped[str] = mapped_column(Text)
    login: Mapped[str] = mapped_column(Text)
    auth: Mapped[str] = mapped_column(Text)
    credentials: Mapped[bytes] = mapped_column(LargeBinary)
    access_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    access_token_until: Mapped[datetime | None] = mapped_column(TIME)
    folder: Mapped[str] = mapped_column(Text)
    every_minutes: Mapped[int] = mapped_column(Integer)
    filter: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    after: Mapped[str] = mapped_column(Text, server_default="keep")
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=true())
    # How far it is read: each time that the server or the folder is another one, an epoch begins with its first mail.
    epoch: Mapped[int] = mapped_column(Integer, server_default=NONE)
    uid_validity: Mapped[int | None] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger, server_default=NONE)
    # The mail at which the connection broke the last time, and how often it did.
    troubled_uid: Mapped[int | None] = mapped_column(BigInteger)
    troubles: Mapped[int] = mapped_column(SmallInteger, server_default=NONE)
    next_sync_at: Mapped[Timestamp]
    last_sync_at: Mapped[datetime | None] = mapped_column(TIME)
    last_error: Mapped[str | None] = mapped_column(Text)
    failing_since: Mapped[datetime | None] = mapped_column(TIME)
    failures: Mapped[int] = mapped_column(Integer, server_default=NONE)
    days_warned: Mapped[int] = mapped_column(SmallInteger, server_default=NONE)
    imported: Mapped[int] = mapped_column(BigInteger, server_default=NONE)
    filtered: Mapped[int] = mapped_column(BigInteger, server_default=NONE)
    skipped: Mapped[int] = mapped_column(BigInteger, server_default=NONE)
    unreadable: Mapped[int] = mapped_column(BigInteger, server_default=NONE)
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]


class MailboxMail(Base):
    """A mail that was read in a mailbox, and why no bills came of it, or which."""

    __tablename__ = "mailbox_mails"

    id: Mapped[BigId]
    organization_id: Mapped[int] = mapped_column(BigInteger)
    mailbox_id: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(Integer)
    uid_validity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[str] = mapped_column(Text, server_default="")
    # By which it is known again in another epoch; None if it was not read.
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    subject: Mapped[str] = mapped_column(Text, server_default="")
    sender: Mapped[str] = mapped_column(Text, server_default="")
    date: Mapped[datetime | None] = mapped_column(TIME)
    size: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    # For each: name, type, size, and bill_id or the reason why there is none.
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    # What is done with the mail on the server is still owed.
    is_untidy: Mapped[bool] = mapped_column(Boolean, server_default=false())
    created_at: Mapped[Timestamp]

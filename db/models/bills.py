from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from db.models.accounting import AMOUNT
from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class Bill(Base):
    """An invoice that the organization has received. Its amounts are what its fields say, once they are numbers."""

    __tablename__ = "bills"
    __table_args__ = (
        UniqueConstraint("organization_id", "sha256"),
        ForeignKeyConstraint(["organization_id", "sha256"], ["files.organization_id", "files.sha256"]),
        ForeignKeyConstraint(["organization_id", "account_code"], ["accounts.organization_id", "accounts.code"]),
    )

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    file_name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="received")
    # Why there was an error, or why the bill was rejected.
    message: Mapped[str | None] = mapped_column(Text)
    # The job that reads it, or the last that did.
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    # Its words with their places, packed: pages that wait for OCR have none yet.
    reading: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    page_count: Mapped[int | None] = mapped_column(Integer)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    # By these a duplicate is known.
    supplier_key: Mapped[str | None] = mapped_column(Text)
    number_key: Mapped[str | None] = mapped_column(Text)
    issue_date: Mapped[date | None] = mapped_column(Date)
    currency_code: Mapped[str | None] = mapped_column(Text)
    subtotal: Mapped[Decimal | None] = mapped_column(AMOUNT)
    tax_total: Mapped[Decimal | None] = mapped_column(AMOUNT)
    total: Mapped[Decimal | None] = mapped_column(AMOUNT)
    # The account of its expense, since it was approved.
    account_code: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(TIME)
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]


class BillSupplier(Base):
    """Somebody whose bills an organization has approved or put right, and what was learned from that."""

    __tablename__ = "bill_suppliers"
    __table_args__ = (UniqueConstraint("organization_id", "key"),)

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    vat_id: Mapped[str | None] = mapped_column(Text)
    tax_id: Mapped[str | None] = mapped_column(Text)
    ibans: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    currency_code: Mapped[str | None] = mapped_column(Text)
    last_numbers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    times_seen: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    corrections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    account_code: Mapped[str | None] = mapped_column(Text)
    seen_at: Mapped[Timestamp]

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Numeric,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp

AMOUNT = Numeric(28, 4)


class Account(Base):
    __tablename__ = "accounts"

    organization_id: Mapped[OrganizationId] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)


class AccountingSource(Base):
    """How often a source has changed, and which of these versions the journal was last brought up to (0: none)."""

    __tablename__ = "accounting_sources"

    source_type: Mapped[str] = mapped_column(Text, primary_key=True)
    source_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    organization_id: Mapped[OrganizationId]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    entered_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class JournalEntry(Base):
    """The impact of one version of a source. A trigger freezes all but `deleted_at`, which is set once."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["source_type", "source_id"],
            ["accounting_sources.source_type", "accounting_sources.source_id"],
        ),
    )

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    source_type: Mapped[str] = mapped_column(Text)
    source_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    entry_date: Mapped[date] = mapped_column(Date)
    currency_code: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp]
    deleted_at: Mapped[datetime | None] = mapped_column(TIME)
    lines: Mapped[list["JournalLine"]] = relationship(lazy="selectin", order_by="JournalLine.line_number")


class JournalLine(Base):
    """One side of an entry, a debit or a credit. Rows are only ever added."""

    __tablename__ = "journal_lines"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "account_code"], ["accounts.organization_id", "accounts.code"]),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal_entries.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[int] = mapped_column(BigInteger)
    account_code: Mapped[str] = mapped_column(Text)
    location_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("locations.id"))
    debit: Mapped[Decimal] = mapped_column(AMOUNT)
    credit: Mapped[Decimal] = mapped_column(AMOUNT)

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp

AMOUNT = Numeric(19, 4)


class Invoice(Base):
    """An issued invoice. A trigger freezes all but `status` (unpaid -> issued) and `updated_at`."""

    if TYPE_CHECKING:
        paid_amount: Decimal  # below, where the payments are known

    __tablename__ = "invoices"
    __table_args__ = (UniqueConstraint("supplier_id", "series_code", "number"),)

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    supplier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("suppliers.id"))
    series_code: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInteger)
    # UNCL1001: 380 an invoice, 381 a credit note.
    document_type: Mapped[int] = mapped_column(SmallInteger, server_default=text("380"))
    credited_invoice_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("invoices.id"))
    invoice_number: Mapped[str] = mapped_column(Text)
    # No foreign key: finished jobs leave their table, invoices stay.
    job_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    client_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("clients.id"))
    template_hash: Mapped[bytes] = mapped_column(LargeBinary, ForeignKey("template_sources.hash"))
    status: Mapped[str] = mapped_column(Text)
    issue_date: Mapped[date] = mapped_column(Date)
    due_date: Mapped[date | None] = mapped_column(Date)
    locale_code: Mapped[str] = mapped_column(Text)
    currency_code: Mapped[str] = mapped_column(Text)
    tax_rounding: Mapped[str] = mapped_column(Text, server_default="line")
    # How it is paid, what was delivered when, and the buyer's own numbers: see domain.invoices.terms.
    terms: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    supplier: Mapped[dict[str, str]] = mapped_column(JSONB)
    client: Mapped[dict[str, str]] = mapped_column(JSONB)
    subtotal: Mapped[Decimal] = mapped_column(AMOUNT)
    tax_total: Mapped[Decimal] = mapped_column(AMOUNT)
    total: Mapped[Decimal] = mapped_column(AMOUNT)
    notes: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    # The transaction that issued the invoice: no other adds a line.
    issued_in: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint"), deferred=True
    )
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]
    items: Mapped[list["InvoiceItem"]] = relationship(lazy="selectin", order_by="InvoiceItem.line_number")
    credits: Mapped["InvoiceHead | None"] = relationship(
        lazy="selectin", viewonly=True, primaryjoin="foreign(Invoice.credited_invoice_id) == InvoiceHead.id"
    )
    credited_by: Mapped[list["InvoiceHead"]] = relationship(
        lazy="selectin",
        viewonly=True,
        primaryjoin="Invoice.id == foreign(InvoiceHead.credited_invoice_id)",
        order_by="InvoiceHead.id",
    )


class InvoiceItem(Base):
    __tablename__ = "invoice_items"

    invoice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("invoices.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    description: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(AMOUNT)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(19, 6))
    discount: Mapped[Decimal] = mapped_column(AMOUNT)
    tax_rate: Mapped[Decimal] = mapped_column(Numeric(7, 4))
    line_subtotal: Mapped[Decimal] = mapped_column(AMOUNT)
    line_tax: Mapped[Decimal] = mapped_column(AMOUNT)
    line_total: Mapped[Decimal] = mapped_column(AMOUNT)
    # None: standard or zero rated, as the rate is.
    tax_category: Mapped[str | None] = mapped_column(Text)
    exemption_reason: Mapped[str | None] = mapped_column(Text)
    unit_code: Mapped[str | None] = mapped_column(Text)
    item_id: Mapped[str | None] = mapped_column(Text)
    # In a credit note: the line of the invoice that it takes back.
    credited_line: Mapped[int | None] = mapped_column(Integer)


class InvoiceHead(Base):
    """What one invoice has to know of another: no lines and no parties."""

    __table__ = Invoice.__table__.alias("invoice_heads")
    __mapper_args__ = {
        "include_properties": ["id", "invoice_number", "issue_date", "total", "credited_invoice_id"],
    }

    id: Mapped[int]
    invoice_number: Mapped[str]
    issue_date: Mapped[date]
    total: Mapped[Decimal]
    credited_invoice_id: Mapped[int | None]


class InvoicePayment(Base):
    """Money that was received for an invoice, or given back if `amount` is below zero; never changed."""

    __tablename__ = "invoice_payments"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    invoice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("invoices.id"))
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    paid_on: Mapped[date] = mapped_column(Date)
    reference: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]


class SeriesAudit(Base):
    """What the last audit of a series of numbers has found."""

    __tablename__ = "series_audits"

    supplier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("suppliers.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    organization_id: Mapped[OrganizationId]
    audited_at: Mapped[datetime] = mapped_column(TIME)
    whole: Mapped[bool] = mapped_column(Boolean)


# However many payments there are: what was received less what was given back.
Invoice.paid_amount = column_property(  # type: ignore[assignment]
    select(func.coalesce(func.sum(InvoicePayment.amount), 0))
    .where(InvoicePayment.invoice_id == Invoice.id)
    .correlate_except(InvoicePayment)
    .scalar_subquery()
)

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp

AMOUNT, PRICE, RATE = Numeric(19, 4), Numeric(19, 6), Numeric(7, 4)
# Sums of more amounts than there will ever be.
SUM = Numeric(28, 4)


class Product(Base):
    __tablename__ = "products"
    __table_args__ = (UniqueConstraint("organization_id", "compared_sku", name="products_sku_key"),)

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    sku: Mapped[str] = mapped_column(Text)
    compared_sku: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp]


class Location(Base):
    __tablename__ = "locations"
    __table_args__ = (UniqueConstraint("organization_id", "compared_name", name="locations_name_key"),)

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    name: Mapped[str] = mapped_column(Text)
    compared_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp]


class Stock(Base):
    """How much of a product is at a location, and what it cost."""

    __tablename__ = "stock"

    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("locations.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"), primary_key=True)
    organization_id: Mapped[OrganizationId]
    quantity: Mapped[Decimal] = mapped_column(SUM)
    value: Mapped[Decimal] = mapped_column(SUM)


class Movement(Base):
    """A quantity that came to a location or, negative, left it. Rows are only ever added.

    A line moves in a step there and back: in odd rounds the step moves it, each even round undoes the one before.
    """

    __tablename__ = "movements"
    __table_args__ = (
        UniqueConstraint("document_type", "document_id", "step", "line_number", "round", name="movements_line_key"),
    )

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("locations.id"))
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"))
    quantity: Mapped[Decimal] = mapped_column(SUM)
    value: Mapped[Decimal] = mapped_column(SUM)
    document_type: Mapped[str] = mapped_column(Text)
    document_id: Mapped[int] = mapped_column(BigInteger)
    line_number: Mapped[int] = mapped_column(Integer)
    step: Mapped[str] = mapped_column(Text)
    round: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[Timestamp]


class Reservation(Base):
    """The goods of a document's line that nobody else may take.

    With a job they are those that it will take out: a trigger lets them go when it is FAILED or CANCELLED. Without one
    they have come in, with `value`, by a document of which not all is in yet.
    """

    __tablename__ = "reservations"
    __table_args__ = (ForeignKeyConstraint(["location_id", "product_id"], ["stock.location_id", "stock.product_id"]),)

    document_type: Mapped[str] = mapped_column(Text, primary_key=True)
    document_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    organization_id: Mapped[OrganizationId]
    location_id: Mapped[int] = mapped_column(BigInteger)
    product_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[Decimal] = mapped_column(AMOUNT)
    value: Mapped[Decimal | None] = mapped_column(SUM)
    job_id: Mapped[int | None] = mapped_column(BigInteger)


class DocumentNumber(Base):
    """The last number of a prefix in a month (YYYYMM)."""

    __tablename__ = "document_numbers"

    organization_id: Mapped[OrganizationId] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    last_number: Mapped[int] = mapped_column(Integer)


class Numbered:
    """The columns that transfers, sales and purchases share."""

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    number: Mapped[str] = mapped_column(Text)
    # The one job that may move its lines, and the last that put them back; no foreign keys: documents outlive jobs.
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    undo_job_id: Mapped[int | None] = mapped_column(BigInteger)
    notes: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]

    @declared_attr.directive
    def __table_args__(cls) -> Any:
        """Return the constraint that each table has of its own."""
        return (UniqueConstraint("organization_id", "number"),)


class Transfer(Numbered, Base):
    __tablename__ = "transfers"

    from_location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("locations.id"))
    to_location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("locations.id"))
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    sent_at: Mapped[datetime | None] = mapped_column(TIME)
    completed_at: Mapped[datetime | None] = mapped_column(TIME)
    lines: Mapped[list["TransferLine"]] = relationship(order_by="TransferLine.line_number")


class TransferLine(Base):
    __tablename__ = "transfer_lines"

    transfer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("transfers.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"))
    quantity: Mapped[Decimal] = mapped_column(AMOUNT)


class Sale(Numbered, Base):
    __tablename__ = "sales"

    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("locations.id"))
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    completed_at: Mapped[datetime | None] = mapped_column(TIME)
    subtotal: Mapped[Decimal] = mapped_column(AMOUNT)
    tax_total: Mapped[Decimal] = mapped_column(AMOUNT)
    total: Mapped[Decimal] = mapped_column(AMOUNT)
    lines: Mapped[list["SaleLine"]] = relationship(order_by="SaleLine.line_number")


class SaleLine(Base):
    __tablename__ = "sale_lines"

    sale_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"))
    quantity: Mapped[Decimal] = mapped_column(AMOUNT)
    unit_price: Mapped[Decimal] = mapped_column(PRICE)
    tax_rate: Mapped[Decimal] = mapped_column(RATE)
    line_subtotal: Mapped[Decimal] = mapped_column(AMOUNT)
    line_tax: Mapped[Decimal] = mapped_column(AMOUNT)


class Purchase(Numbered, Base):
    __tablename__ = "purchases"

    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("locations.id"))
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    approved_at: Mapped[datetime | None] = mapped_column(TIME)
    total: Mapped[Decimal] = mapped_column(AMOUNT)
    lines: Mapped[list["PurchaseLine"]] = relationship(order_by="PurchaseLine.line_number")


class PurchaseLine(Base):
    __tablename__ = "purchase_lines"

    purchase_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("purchases.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"))
    quantity: Mapped[Decimal] = mapped_column(AMOUNT)
    unit_cost: Mapped[Decimal] = mapped_column(PRICE)
    line_total: Mapped[Decimal] = mapped_column(AMOUNT)

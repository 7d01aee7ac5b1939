from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Date, ForeignKey, LargeBinary, Numeric, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp

PARTY_FIELDS = (
    "name", "address_line1", "address_line2", "city", "region", "postal_code",
    "country", "tax_id", "vat_id", "email", "phone",
)  # fmt: skip


class Party:
    """The fields that suppliers and clients share; an invoice keeps a copy of them."""

    name: Mapped[str] = mapped_column(Text)
    address_line2: Mapped[str | None] = mapped_column(Text)
    region: Mapped[str | None] = mapped_column(Text)
    postal_code: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    tax_id: Mapped[str | None] = mapped_column(Text)
    vat_id: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]

    def snapshot(self) -> dict[str, str]:
        """Return the fields that are set, as an invoice keeps them."""
        return {name: value for name in PARTY_FIELDS if (value := getattr(self, name)) is not None}


class Supplier(Party, Base):
    __tablename__ = "suppliers"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    address_line1: Mapped[str] = mapped_column(Text)
    city: Mapped[str] = mapped_column(Text)
    locale_code: Mapped[str] = mapped_column(Text, server_default="en_US")
    currency_code: Mapped[str] = mapped_column(Text, server_default="EUR")
    default_tax_rate: Mapped[Decimal] = mapped_column(Numeric(7, 4), server_default=text("0"))
    default_template_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("templates.id"))
    tax_rounding: Mapped[str] = mapped_column(Text, server_default="document")
    # Says which day it is when an invoice is issued: a name of the IANA time zone database.
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    e_invoice: Mapped[str] = mapped_column(Text, server_default="none")
    iban: Mapped[str | None] = mapped_column(Text)
    bic: Mapped[str | None] = mapped_column(Text)
    payment_link: Mapped[str | None] = mapped_column(Text)
    payment_terms: Mapped[str | None] = mapped_column(Text)
    series: Mapped[list["NumberSeries"]] = relationship(lazy="selectin", order_by="NumberSeries.code.desc()")

    @property
    def invoice_series(self) -> "NumberSeries":
        """Return the series in which invoices are numbered unless they say otherwise."""
        return next(one for one in self.series if one.code == "invoice")


class NumberSeries(Base):
    """The counter of one series. Nothing refers to it, so its lock blocks nobody but the next number.

    The database has no primary key here, only an index that leads to the newest version of a row: with a key,
    PostgreSQL would compare each new version with all those that a held snapshot keeps (decision 0013).
    """

    __tablename__ = "number_series"

    supplier_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("suppliers.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True, server_default="invoice")
    # What stands before the number; {YYYY}, {YY} and {MM} stand for the invoice's year and month.
    pattern: Mapped[str] = mapped_column(Text, server_default="INV-")
    digits: Mapped[int] = mapped_column(SmallInteger, server_default=text("6"))
    start_number: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    restart: Mapped[str] = mapped_column(Text, server_default="never")
    chronology: Mapped[str] = mapped_column(Text, server_default="strict")
    last_number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text(r"decode(repeat('00', 32), 'hex')"))
    # The content of its invoices; the day (UTC) of the last one, and the number before the first one of that day.
    stored_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    day: Mapped[date | None] = mapped_column(Date)
    day_start: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # The date of the last invoice; its year, and the number before the first of that year, where numbers restart.
    last_date: Mapped[date | None] = mapped_column(Date)
    year: Mapped[int | None] = mapped_column(SmallInteger)
    year_base: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class Client(Party, Base):
    __tablename__ = "clients"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    address_line1: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    deleted_at: Mapped[datetime | None] = mapped_column(TIME)
    # The ids as they are compared, whatever their spelling.
    tax_key: Mapped[str | None] = mapped_column(Text)
    vat_key: Mapped[str | None] = mapped_column(Text)
    # Encrypted under the client's own key: the fields of domain.parties.contacts, whose columns then are NULL.
    contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    # By which a whole address of e-mail is found.
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    personal_data_removed_at: Mapped[datetime | None] = mapped_column(TIME)

"""Suppliers and clients, as they are now; an issued invoice keeps them as they were."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import PARTY_FIELDS, Client, NumberSeries, Supplier
from db.transaction import violated
from domain.errors import Conflict, Invalid, NotFound, Taken
from domain.money import smallest_unit
from domain.templates import library

SERIES_FIELDS = {
    "invoice_prefix": "prefix",
    "invoice_number_digits": "digits",
    "invoice_start_number": "start_number",
}
# As the columns have them: a supplier that is created without these fields gets the same.
SUPPLIER_DEFAULTS = {
    "locale_code": "en_US",
    "currency_code": "EUR",
    "default_tax_rate": Decimal(0),
    "default_template_id": None,
    "invoice_prefix": "INV-",
    "invoice_number_digits": 6,
    "invoice_start_number": 1,
}
IDENTITIES = {"clients_tax_id_key": "taxId", "clients_vat_id_key": "vatId"}
SEARCHED = (Client.name, Client.tax_id, Client.vat_id, Client.email)


def create_supplier(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Supplier:
    """Return a new supplier with its invoice series, which begins at the series' start number."""
    party, series = _parted(session, organization_id, fields)
    supplier = Supplier(organization_id=organization_id, series=NumberSeries(**series), **party)
    session.add(supplier)
    session.flush()
    session.refresh(supplier)
    return supplier


def change_supplier(session: Session, organization_id: int, supplier_id: int, fields: Mapping[str, Any]) -> Supplier:
    """Return the changed supplier: each field that is absent is cleared, or its default again."""
    supplier = get_supplier(session, organization_id, supplier_id)
    party, series = _parted(session, organization_id, {**SUPPLIER_DEFAULTS, **fields})
    _overwrite(supplier, party)
    session.flush()
    _change_series(session, supplier_id, series)
    session.refresh(supplier)
    return supplier


def get_supplier(session: Session, organization_id: int, supplier_id: int) -> Supplier:
    """Return one supplier; raise NotFound."""
    return _one(session, _suppliers(organization_id).where(Supplier.id == supplier_id), "supplier")


def suppliers(session: Session, organization_id: int, after: int, limit: int) -> Sequence[Supplier]:
    """Return up to `limit` suppliers with an id above `after`, in id order."""
    page = _suppliers(organization_id).where(Supplier.id > after).order_by(Supplier.id).limit(limit)
    return session.scalars(page).all()


def create_client(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Client:
    """Return a new client; raise Taken."""
    client = Client(organization_id=organization_id, **fields)
    session.add(client)
    return _settled(session, client)


def change_client(session: Session, organization_id: int, client_id: int, fields: Mapping[str, Any]) -> Client:
    """Return the changed client, absent fields cleared; raise NotFound or Taken."""
    client = get_client(session, organization_id, client_id)
    _overwrite(client, fields)
    return _settled(session, client)


def delete_client(session: Session, organization_id: int, client_id: int) -> None:
    """Hide the client for good; its invoices and their snapshots stay."""
    get_client(session, organization_id, client_id).deleted_at = func.clock_timestamp()
    session.flush()


def get_client(session: Session, organization_id: int, client_id: int) -> Client:
    """Return one client; raise NotFound, also for a deleted one."""
    return _one(session, _clients(organization_id).where(Client.id == client_id), "client")


def client_by_identity(session: Session, organization_id: int, tax_id: str | None, vat_id: str | None) -> Client:
    """Return the client with this tax id, else the one with this VAT id; raise NotFound."""
    for column, value in ((Client.tax_id, tax_id), (Client.vat_id, vat_id)):
        client = value and session.scalar(_clients(organization_id).where(column == value))
        if client:
            return client
    raise NotFound("client not found")


def clients(
    session: Session, organization_id: int, after: int, limit: int, search: str | None = None
) -> Sequence[Client]:
    """Return up to `limit` clients with an id above `after`, of those that `search` is part of when it is given."""
    page = _clients(organization_id).where(Client.id > after).order_by(Client.id).limit(limit)
    if search is not None:
        page = page.where(or_(*(column.icontains(search, autoescape=True) for column in SEARCHED)))
    return session.scalars(page).all()


def locale_exists(code: str) -> bool:
    """Return whether dates and amounts can be written in the locale `code`, en_US or en-US say."""
    try:
        Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _parted(session: Session, organization_id: int, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    _check_settings(session, organization_id, fields)
    series = {SERIES_FIELDS[name]: value for name, value in fields.items() if name in SERIES_FIELDS}
    party = {name: value for name, value in fields.items() if name not in SERIES_FIELDS}
    return party, series


def _check_settings(session: Session, organization_id: int, fields: Mapping[str, Any]) -> None:
    try:
        smallest_unit(fields.get("currency_code", "EUR"))
        if template_id := fields.get("default_template_id"):
            library.get(session, organization_id, template_id)
    except NotFound as missing:
        raise Invalid.fields({"defaultTemplateId": [str(missing)]}) from None
    if not locale_exists(fields.get("locale_code", "en_US")):
        raise Invalid.fields({"localeCode": ["unknown locale"]})


def _change_series(session: Session, supplier_id: int, asked: Mapping[str, Any]) -> None:
    series = session.get_one(NumberSeries, (supplier_id, "invoice"), populate_existing=True)
    if all(getattr(series, name) == value for name, value in asked.items()):
        return
    # The condition is checked again once a running transaction has let go of the counter.
    unused = update(NumberSeries).where(NumberSeries.supplier_id == supplier_id, NumberSeries.last_number == 0)
    if not session.execute(unused.values(asked).returning(NumberSeries.code)).first():
        raise Conflict(
            f'an invoice is issued, so send invoicePrefix "{series.prefix}", invoiceNumberDigits {series.digits} '
            f"and invoiceStartNumber {series.start_number} as they are"
        )


def _overwrite(party: Supplier | Client, fields: Mapping[str, Any]) -> None:
    for name, value in {**dict.fromkeys(PARTY_FIELDS), **fields}.items():
        setattr(party, name, value)
    party.updated_at = func.clock_timestamp()


def _settled(session: Session, client: Client) -> Client:
    try:
        session.flush()
    except IntegrityError as error:
        name = violated(error)
        if name not in IDENTITIES:
            raise
        raise Taken("client", IDENTITIES[name]) from None
    session.refresh(client)
    return client


def _suppliers(organization_id: int) -> Select[Supplier]:
    return select(Supplier).where(Supplier.organization_id == organization_id)


def _clients(organization_id: int) -> Select[Client]:
    return select(Client).where(Client.organization_id == organization_id, Client.deleted_at.is_(None))


def _one(session: Session, found: Select[Any], noun: str) -> Any:
    row = session.scalar(found)
    if row is None:
        raise NotFound(f"{noun} not found")
    return row

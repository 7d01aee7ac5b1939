"""Suppliers, as they are now; an issued invoice keeps its own as it was."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from db.models import NumberSeries, Supplier
from domain.errors import Conflict, Invalid, NotFound
from domain.money import smallest_unit
from domain.parties.party import overwrite
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


def create(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Supplier:
    """Return a new supplier with its invoice series, which begins at the series' start number."""
    party, series = _split(session, organization_id, fields)
    supplier = Supplier(organization_id=organization_id, series=NumberSeries(**series), **party)
    session.add(supplier)
    session.flush()
    session.refresh(supplier)
    return supplier


def change(session: Session, organization_id: int, supplier_id: int, fields: Mapping[str, Any]) -> Supplier:
    """Return the changed supplier: each field that is absent is cleared, or its default again."""
    supplier = get(session, organization_id, supplier_id)
    party, series = _split(session, organization_id, {**SUPPLIER_DEFAULTS, **fields})
    overwrite(supplier, party)
    session.flush()
    _change_series(session, supplier_id, series)
    session.refresh(supplier)
    return supplier


def get(session: Session, organization_id: int, supplier_id: int) -> Supplier:
    """Return one supplier; raise NotFound."""
    supplier = session.scalar(_of(organization_id).where(Supplier.id == supplier_id))
    if supplier is None:
        raise NotFound("supplier not found")
    return supplier


def page(session: Session, organization_id: int, after: int, limit: int) -> Sequence[Supplier]:
    """Return up to `limit` suppliers with an id above `after`, in id order."""
    return session.scalars(_of(organization_id).where(Supplier.id > after).order_by(Supplier.id).limit(limit)).all()


def locale_exists(code: str) -> bool:
    """Return whether dates and amounts can be written in the locale `code`, en_US or en-US say."""
    try:
        Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _split(session: Session, organization_id: int, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
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


def _of(organization_id: int) -> Select[Supplier]:
    return select(Supplier).where(Supplier.organization_id == organization_id)

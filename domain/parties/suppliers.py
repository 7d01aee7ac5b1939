"""Suppliers, as they are now; an issued invoice keeps its own as it was."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from stdnum import bic, iban

from db.models import Supplier
from db.queries import run
from domain.einvoices import conformity, syntax
from domain.errors import Invalid, NotFound
from domain.invoices.terms import OF_SUPPLIER
from domain.money import smallest_unit
from domain.parties import supplier_series
from domain.parties.party import overwrite
from domain.templates import library

# As the columns have them: a supplier that is created without these fields gets the same. Where tax is rounded and
# which day it is are not among them: one that does not say so keeps what it has.
SUPPLIER_DEFAULTS = {
    "locale_code": "en_US",
    "currency_code": "EUR",
    "default_tax_rate": Decimal(0),
    "default_template_id": None,
    "e_invoice": conformity.NONE,
    **dict.fromkeys(OF_SUPPLIER),
}
SERIES_FIELDS = {"series", *supplier_series.OF_INVOICES}


def create(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Supplier:
    """Return a new supplier with its series, each of which begins at its start number; raise Invalid."""
    series = supplier_series.create(fields)
    supplier = Supplier(organization_id=organization_id, series=series, **_own(session, organization_id, fields))
    session.add(supplier)
    session.flush()
    session.refresh(supplier)
    return supplier


def change(session: Session, organization_id: int, supplier_id: int, fields: Mapping[str, Any]) -> Supplier:
    """Return the changed supplier: each field that is absent is cleared, or its default again."""
    supplier = get(session, organization_id, supplier_id)
    overwrite(supplier, SUPPLIER_DEFAULTS | _own(session, organization_id, fields))
    session.flush()
    supplier_series.change(session, supplier_id, fields)
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


def _own(session: Session, organization_id: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the supplier's own row, bank accounts in their compact form; raise Invalid."""
    smallest_unit(fields.get("currency_code", "EUR"))
    if errors := dict(_wrong_settings(session, organization_id, fields)):
        raise Invalid.fields(errors)
    if fields.get("e_invoice", conformity.NONE) != conformity.NONE:
        syntax.require_installed()
    own = {name: value for name, value in fields.items() if name not in SERIES_FIELDS}
    for name, number in (("iban", iban), ("bic", bic)):
        if own.get(name):
            own[name] = number.compact(own[name])
    return own


def _wrong_settings(
    session: Session, organization_id: int, fields: Mapping[str, Any]
) -> Iterator[tuple[str, list[str]]]:
    try:
        if template_id := fields.get("default_template_id"):
            library.get(session, organization_id, template_id)
    except NotFound:
        yield "defaultTemplateId", ["is no template of yours"]
    if not locale_exists(fields.get("locale_code", "en_US")):
        yield "localeCode", ["unknown locale"]
    if (zone := fields.get("time_zone")) and not run(session, "find_time_zone", name=zone):
        yield "timeZone", ["must be a name such as Europe/Sofia, of the IANA time zone database"]


def _of(organization_id: int) -> Select[Supplier]:
    return select(Supplier).where(Supplier.organization_id == organization_id)

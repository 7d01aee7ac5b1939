"""Suppliers: who issues invoices, in which series, and how they look."""

from typing import Any

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.parties import PARTY_NAMES, SupplierBody
from api.http.changes import change
from console.codes import told
from console.forms import filled_in, fraction, integer, loaded, once
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from db.models import Supplier
from db.transaction import report, transaction
from domain.einvoices import conformity
from domain.invoices.series import CHRONOLOGIES, RESTARTS
from domain.parties import suppliers
from domain.tax import ROUNDINGS
from domain.templates import library

suppliers_pages = Pages("suppliers", __name__)
BODY = SupplierBody()
SETTINGS = (
    "localeCode", "currencyCode", "taxRounding", "eInvoice", "timeZone", "iban", "bic", "paymentLink", "paymentTerms",
)  # fmt: skip
SERIES = ("code", "pattern", "digits", "startNumber", "restart", "chronology")


@suppliers_pages.page("/suppliers", "suppliers:read")
def list_suppliers():
    """Show the suppliers."""
    with report() as session:
        found = listed(suppliers.page(session, g.organization_id, after() or 0, ROWS + 1))
    return render_template("suppliers.html", suppliers=found)


@suppliers_pages.page("/suppliers/new", "suppliers:manage")
def show_new_supplier():
    """Show the form of a new supplier."""
    return _shown(None)


@suppliers_pages.act("/suppliers/new", "suppliers:manage", back=show_new_supplier)
def create_supplier() -> Response:
    """Create a supplier with its series."""
    fields = _fields()
    made = once(lambda session: {"id": suppliers.create(session, g.organization_id, fields).id})
    return lead_to("suppliers.show_supplier", "saved", supplier_id=made["id"])


@suppliers_pages.page("/suppliers/<row_id:supplier_id>", "suppliers:read")
def show_supplier(supplier_id: int):
    """Show one supplier with its series, and what can be changed."""
    with transaction() as session:
        supplier = suppliers.get(session, g.organization_id, supplier_id)
    return _shown(supplier)


@suppliers_pages.act("/suppliers/<row_id:supplier_id>", "suppliers:manage", back=show_supplier)
def replace_supplier(supplier_id: int) -> Response:
    """Describe a supplier anew; what a series that was used says stays as it is."""
    fields = _fields()
    with change() as session:
        suppliers.change(session, g.organization_id, supplier_id, fields)
    return lead_to("suppliers.show_supplier", "saved", supplier_id=supplier_id)


def _shown(supplier: Supplier | None) -> str:
    with transaction() as session:
        templates = library.names(session, g.organization_id)
    return render_template(
        "supplier.html",
        supplier=supplier,
        templates=[(str(one.id), one.name) for one in templates],
        e_invoices=[(one, told(one)) for one in conformity.E_INVOICES],
        roundings=[(one, told(one)) for one in ROUNDINGS],
        restarts=RESTARTS,
        chronologies=CHRONOLOGIES,
    )


def _fields() -> dict[str, Any]:
    asked: dict[str, Any] = filled_in(*PARTY_NAMES, *SETTINGS)
    if rate := request.form.get("defaultTaxRate", "").strip():
        asked["defaultTaxRate"] = fraction(rate)
    if template := request.form.get("defaultTemplateId"):
        asked["defaultTemplateId"] = integer(template)
    return loaded(BODY, asked | {"series": _series()})


def _series() -> list[dict[str, Any]]:
    """Return the series of the form; a row without a code is none."""
    columns = {name: request.form.getlist(f"series.{name}") for name in SERIES}
    count = min(map(len, columns.values()))
    rows = [{name: columns[name][n].strip() for name in SERIES} for n in range(count)]
    return [_definition(row) for row in rows if row["code"]]


def _definition(row: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {name: text for name, text in row.items() if text or name == "pattern"}
    return said | {name: integer(said[name]) for name in ("digits", "startNumber") if name in said}

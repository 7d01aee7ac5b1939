"""What the form of a new invoice holds: as an operation takes it, and what it comes to while somebody fills it in."""

from typing import Any

from flask import request
from marshmallow import ValidationError

from api.http.bodies.invoices import CLIENT_REQUIRED, InvoiceBody, ItemBody
from api.http.bodies.parties import PARTY_NAMES
from api.http.schema import REQUIRED
from console.codes import N_
from console.forms import decimal, filled_in, fraction, integer, loaded
from console.words import gettext as _
from db.models import Supplier
from domain.errors import Invalid
from domain.invoices.request import Item
from domain.pricing import Priced, price

INVOICE, ITEM = InvoiceBody(), ItemBody()
PLAIN = (
    "issueDate", "dueDate", "currencyCode", "seriesCode", "notes", "localeCode", "deliveryDate", "purchaseOrderNumber",
    "buyerReference", "contractNumber", "paymentTerms", "paymentReference",
)  # fmt: skip
LINE = ("description", "quantity", "unitPrice", "discount", "taxRate", "taxCategory")
# Of a line whose tax is not simply that of its rate, with the words for it.
CATEGORIES = {
    "E": N_("exempt"), "AE": N_("reverse charge"), "K": N_("intra-Community supply"), "G": N_("export"),
    "O": N_("outside the scope of tax"),
}  # fmt: skip
Line = dict[str, str]


def chosen(name: str) -> int | None:
    """Return the id that the form names, or before it is sent the address."""
    number = integer(request.form.get(name, request.args.get(name, "")))
    return number if isinstance(number, int) and number else None


def search() -> str:
    """Return what a client is looked for by, nothing if none is."""
    return request.form.get("q", "").strip()[:200]


def lines() -> list[Line]:
    """Return the lines that the form shows, as they were typed: at least one, and another if that is asked for."""
    shown = _typed()
    if "add" in request.form or not shown:
        shown.append(dict.fromkeys(LINE, ""))
    return shown


def body() -> dict[str, Any]:
    """Return the invoice that is asked for, as its schema has it; raise Invalid."""
    asked: dict[str, Any] = {**filled_in(*PLAIN), "client": _client(), "items": [_item(line) for line in _typed()]}
    asked["supplierId"] = integer(request.form.get("supplierId", ""))
    try:
        return loaded(INVOICE, asked, "client", "items")
    except Invalid as refused:
        refused.errors |= {name: [REQUIRED] for name, texts in refused.errors.items() if texts == [CLIENT_REQUIRED]}
        raise


def priced(supplier: Supplier) -> Priced | None:
    """Return what the lines come to that are filled in, None while there is no sum."""
    items = [item for line in _typed() if (item := _known(line))]
    currency = request.form.get("currencyCode") or supplier.currency_code
    try:
        return price(items, currency, supplier.default_tax_rate, supplier.tax_rounding) if items else None
    except Invalid:
        return None


def _typed() -> list[Line]:
    """Return the lines in which something is typed, without the one that is taken away."""
    columns = {name: request.form.getlist(name) for name in LINE}
    count = min(map(len, columns.values()))
    typed = [{name: columns[name][n].strip() for name in LINE} for n in range(count)]
    gone = integer(request.form.get("remove", ""))
    kept = [line for n, line in enumerate(typed) if n != gone]
    return [line for line in kept if line["description"] or line["quantity"] or line["unitPrice"]]


def _item(line: Line) -> dict[str, str]:
    """Return a line as an operation takes it: numbers with a point, the tax as a fraction."""
    said = {name: text for name, text in line.items() if text}
    said |= {name: decimal(said[name]) for name in ("quantity", "unitPrice", "discount") if name in said}
    return said | ({"taxRate": fraction(said["taxRate"])} if "taxRate" in said else {})


def _known(line: Line) -> Item | None:
    try:
        return Item(**ITEM.load(_item(line) | {"description": "-"}))
    except ValidationError:
        return None


def _client() -> dict[str, Any]:
    if number := chosen("clientId"):
        return {"id": number}
    said = {name: text for name in PARTY_NAMES if (text := request.form.get(f"client.{name}", "").strip())}
    if not said:
        raise Invalid.sentence(_("Choose a client, or describe a new one."), "client")
    return said

"""The fields of a bill as its page shows them: each with its box on the page, and taken back as a person has put it."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from flask import request

from console import typed
from console.forms import decimal
from console.words import gettext as _
from db.models import Bill
from domain.bills.content import FIELDS, public_name

# Before the name of a field: what it held when the page was made, so that only what was changed since is sent.
WAS = "was."
AMOUNTS, DAYS = ("subtotal", "tax_total", "total"), ("issue_date", "due_date")
# What a row of a field that is a table holds; of these a rate is written in percent.
TABLES = {"taxes": ("rate", "base", "tax"), "lines": ("description", "quantity", "unit_price", "tax_rate", "total")}
RATES, WORDS = ("rate", "tax_rate"), ("description",)
PERCENT = Decimal(100)


class Shown(NamedTuple):
    """A field as the page shows it: `text` is what its input holds, `found` what is known of it, None if nothing is."""

    name: str
    label: str
    text: str
    type: str
    found: Mapping[str, Any] | None
    doubted: bool

    @property
    def public(self) -> str:
        """Return its name in the operation's body."""
        return public_name(self.name)


class Rect(NamedTuple):
    """Where a field stands on a page, in fractions of the page's width and height."""

    name: str
    x: float
    y: float
    width: float
    height: float
    doubted: bool


def shown(bill: Bill) -> list[Shown]:
    """Return all fields of a bill."""
    labels, doubted = _labels(), _doubted(bill)
    return [
        Shown(name, labels[name], _text(name, _value(bill, name)), _type(name), bill.fields.get(name), name in doubted)
        for name in FIELDS
    ]


def rects(bill: Bill, page: int) -> Iterator[Rect]:
    """Yield where the fields stand on a page, counted from 1."""
    doubted = _doubted(bill)
    for name, found in bill.fields.items():
        if found["box"] and found["page"] == page:
            left, top, right, bottom = found["box"]
            yield Rect(name, left, top, right - left, bottom - top, name in doubted)


def said() -> dict[str, Any]:
    """Return what a person has changed in the form, as the body of the operation has it."""
    changed = {name: text for name in FIELDS if (text := _field(name)) != _field(WAS + name)}
    absent = [public_name(name) for name, text in changed.items() if not text]
    body = {public_name(name): _meant(name, text) for name, text in changed.items() if text}
    return body | ({"absent": absent} if absent else {})


def table_columns(name: str) -> Sequence[str]:
    """Return the headings of a field that is a table."""
    labels = {
        "rate": _("Tax, percent"), "base": _("Net"), "tax": _("Tax"), "description": _("Description"),
        "quantity": _("Quantity"), "unit_price": _("Unit price"), "tax_rate": _("Tax, percent"), "total": _("Total"),
    }  # fmt: skip
    return [labels[column] for column in TABLES.get(name, ())]


def _labels() -> dict[str, str]:
    return {
        "supplier_name": _("Vendor"), "supplier_vat_id": _("VAT id"), "supplier_tax_id": _("Tax id"),
        "iban": _("IBAN"), "invoice_number": _("Invoice number"), "issue_date": _("Invoice date"),
        "due_date": _("Due date"), "currency_code": _("Currency"), "subtotal": _("Subtotal"), "tax_total": _("Tax"),
        "total": _("Total"), "taxes": _("Taxes"), "lines": _("Lines"),
    }  # fmt: skip


def _doubted(bill: Bill) -> set[str]:
    """Return the fields for which a check did not pass."""
    return {name for check in bill.checks if not check["passed"] for name in check["fields"]}


def _value(bill: Bill, name: str) -> Any:
    return (bill.fields.get(name) or {}).get("value")


def _type(name: str) -> str:
    return "table" if name in TABLES else "date" if name in DAYS else "decimal" if name in AMOUNTS else "text"


def _text(name: str, value: Any) -> str:
    if name in TABLES:
        return "\n".join("\t".join(_cell(one, row.get(one)) for one in TABLES[name]) for row in value or ())
    return typed.shown(value or "") if name in AMOUNTS else value or ""


def _cell(column: str, value: str | None) -> str:
    if column in WORDS or not value:
        return value or ""
    return typed.shown(f"{(Decimal(value) * PERCENT).normalize():f}" if column in RATES else value)


def _field(name: str) -> str:
    """Return a field of the form; a browser sends its lines apart by CR LF."""
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _meant(name: str, text: str) -> Any:
    if name in TABLES:
        return [_row(row) for row in typed.pasted(text, TABLES[name])]
    return decimal(text) if name in AMOUNTS else text


def _row(row: Mapping[str, str]) -> dict[str, str]:
    return {
        public_name(name): cell if name in WORDS else typed.percent(cell) if name in RATES else decimal(cell)
        for name, cell in row.items()
        if cell
    }

"""The values of a template's placeholders: escaped text, or an element that is whole or absent."""

from html import escape

from domain.templates.formatting import LocalFormat
from domain.templates.view import InvoiceView, Line, Party

PARTY_NAMES = [
    "Name",
    "AddressLine1",
    "AddressLine2Row",
    "CityRegionPostal",
    "Country",
    "TaxIdRow",
    "VatIdRow",
    "EmailRow",
    "PhoneRow",
]
NAMES = frozenset(
    [
        "invoiceNumber",
        "issueDate",
        "dueDateRow",
        "itemsRows",
        "subtotal",
        "discountTotal",
        "taxTotal",
        "total",
        "notesSection",
    ]
) | {owner + name for owner in ("supplier", "client") for name in PARTY_NAMES}


def values(view: InvoiceView) -> dict[str, str]:
    """Return the HTML for every name in NAMES."""
    local = LocalFormat(view.locale_code, view.currency_code)
    return {
        "invoiceNumber": escape(view.invoice_number),
        "issueDate": escape(local.date(view.issue_date)),
        "dueDateRow": row("due-date", "Due date", local.date(view.due_date) if view.due_date else None),
        **party_values("supplier", view.supplier),
        **party_values("client", view.client),
        "itemsRows": "\n".join(item_row(line, local) for line in view.items),
        "subtotal": escape(local.money(view.subtotal)),
        "discountTotal": escape(local.money(view.discount_total)),
        "taxTotal": escape(local.money(view.tax_total)),
        "total": escape(local.money(view.total)),
        "notesSection": notes_section(view.notes),
    }


def party_values(owner: str, party: Party) -> dict[str, str]:
    region_postal = " ".join(filter(None, (party.region, party.postal_code)))
    cells = (
        escape(party.name),
        escape(party.address_line1),
        row("address-line2", "", party.address_line2),
        escape(", ".join(filter(None, (party.city, region_postal)))),
        escape(party.country),
        row("tax-id", "Tax ID", party.tax_id),
        row("vat-id", "VAT ID", party.vat_id),
        row("email", "", party.email),
        row("phone", "", party.phone),
    )
    return {owner + name: cell for name, cell in zip(PARTY_NAMES, cells, strict=True)}


def row(kind: str, label: str, value: str | None) -> str:
    if not value:
        return ""
    prefix = f'<span class="label">{label}</span> ' if label else ""
    return f'<div class="row {kind}">{prefix}<span class="value">{escape(value)}</span></div>'


def item_row(line: Line, local: LocalFormat) -> str:
    numbers = (
        ("quantity", local.quantity(line.quantity)),
        ("unit-price", local.amount(line.unit_price)),
        ("discount", local.amount(line.discount) if line.discount else ""),
        ("tax-rate", local.rate(line.tax_rate)),
        ("line-total", local.amount(line.line_total)),
    )
    cells = "".join(f'<td class="number {kind}">{escape(text)}</td>' for kind, text in numbers)
    return f'<tr><td class="description">{escape(line.description)}</td>{cells}</tr>'


def notes_section(notes: str | None) -> str:
    if not notes:
        return ""
    text = escape(notes).replace("\n", "<br>")
    return f'<section class="notes"><h2>Notes</h2><p>{text}</p></section>'

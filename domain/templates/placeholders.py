"""The values of a template's placeholders: escaped text, or an element that is whole or absent."""

from collections.abc import Collection, Mapping
from html import escape

from domain.templates.formatting import ENGLISH, LocalFormat
from domain.templates.items import Items
from domain.templates.labels import LABELS, labels
from domain.templates.page import page_style
from domain.templates.payment import payment_section
from domain.templates.taxes import tax_rows
from domain.templates.texts import directed, row, row_of
from domain.templates.view import InvoiceView, Party, Terms

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
        "pageStyle",
        "invoiceNumber",
        "issueDate",
        "dueDateRow",
        "itemsHead",
        "itemsRows",
        "subtotal",
        "discountTotal",
        "discountRow",
        "taxTotal",
        "taxRows",
        "total",
        "referenceRows",
        "paymentSection",
        "notesSection",
        *LABELS,
    ]
) | {owner + name for owner in ("supplier", "client") for name in PARTY_NAMES}


def values(view: InvoiceView, used: Collection[str]) -> dict[str, str]:
    """Return the HTML for every name in NAMES, for a template in which those in `used` stand.

    A template that has words of its own, and no label, is in English, and so are those that its rows bring.
    """
    local = LocalFormat(view.locale_code, view.currency_code)
    words = labels(local.locale if LABELS.keys() & set(used) else ENGLISH)
    items = Items(view.items, local, words, "itemsHead" in used, unplaced(view, local, words, used))
    discount = local.money(view.discount_total)
    return {
        "pageStyle": page_style(view.invoice_number, local.locale, words),
        "invoiceNumber": escape(view.invoice_number),
        "issueDate": escape(local.date(view.issue_date)),
        "dueDateRow": row_of(
            "due-date", words["Due date"], escape(local.date(view.due_date)) if view.due_date else None
        ),
        **party_values("supplier", view.supplier, words),
        **party_values("client", view.client, words),
        "itemsHead": items.head,
        "itemsRows": items.rows,
        "subtotal": escape(local.money(view.subtotal)),
        "discountTotal": escape(discount),
        "discountRow": row_of(
            "discount", words["Discounts included"], escape(discount) if view.discount_total else None
        ),
        "taxTotal": escape(local.money(view.tax_total)),
        "taxRows": tax_rows(view, local, words),
        "total": escape(local.money(view.total)),
        "referenceRows": reference_rows(view.terms, local, words),
        "paymentSection": payment_section(view, words) if "paymentSection" in used else "",
        "notesSection": notes_section(words["Notes"], view.notes),
        **{name: escape(words[message]) for name, message in LABELS.items()},
        **({"labelInvoice": escape(words["Credit note"])} if view.is_credit_note else {}),
    }


def unplaced(view: InvoiceView, local: LocalFormat, words: Mapping[str, str], used: Collection[str]) -> list[list[str]]:
    """Return for each line the HTML of what has to be said and the template has no place for."""
    texts = [
        [directed(line.exemption_reason)] if line.exemption_reason and "taxRows" not in used else []
        for line in view.items
    ]
    if view.is_credit_note and not {"labelInvoice", "referenceRows"} <= set(used):
        texts[0] += [escape(words["Credit note"]), f"{escape(words['For invoice'])} {credited(view.terms, local)}"]
    return texts


def party_values(owner: str, party: Party, words: Mapping[str, str]) -> dict[str, str]:
    region_postal = " ".join(filter(None, (party.region, party.postal_code)))
    cells = (
        escape(party.name),
        directed(party.address_line1),
        row("address-line2", "", party.address_line2),
        directed(", ".join(filter(None, (party.city, region_postal)))),
        directed(party.country),
        row("tax-id", words["Tax ID"], party.tax_id),
        row("vat-id", words["VAT ID"], party.vat_id),
        row("email", "", party.email),
        row("phone", "", party.phone),
    )
    return {owner + name: cell for name, cell in zip(PARTY_NAMES, cells, strict=True)}


def reference_rows(terms: Terms, local: LocalFormat, words: Mapping[str, str]) -> str:
    day = escape(local.date(terms.delivery_date)) if terms.delivery_date else None
    period = escape(local.period(*terms.delivery_period)) if terms.delivery_period else None
    return "".join(
        (
            row_of("delivery", words["Delivery date"], day),
            row_of("delivery", words["Delivery period"], period),
            row("reference", words["Purchase order"], terms.purchase_order_number),
            row("reference", words["Your reference"], terms.buyer_reference),
            row("reference", words["Contract"], terms.contract_number),
            row_of("reference", words["For invoice"], credited(terms, local)),
            row("reference", words["Reason"], terms.credit_reason),
        )
    )


def credited(terms: Terms, local: LocalFormat) -> str | None:
    """Return the HTML of the number and the date of the invoice that is credited, if one is."""
    if terms.credited_number is None or terms.credited_date is None:
        return None
    return f"{directed(terms.credited_number)}, {escape(local.date(terms.credited_date))}"


def notes_section(label: str, notes: str | None) -> str:
    if not notes:
        return ""
    text = "<br>".join(directed(line) for line in notes.split("\n"))
    return f'<section class="notes"><h2>{escape(label)}</h2><p>{text}</p></section>'

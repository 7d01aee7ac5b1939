"""The words on an invoice, in the language of its locale: gettext catalogues in `labels/`, one for each language."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.messages.pofile import read_po

from domain.tax import EXEMPTIONS

FOLDER = Path(__file__).with_name("labels")
# By placeholder, as a template names them. A test asks each catalogue for each.
LABELS = {
    "labelInvoice": "Invoice",
    "labelFrom": "From",
    "labelBillTo": "Bill to",
    "labelSupplier": "Supplier",
    "labelClient": "Client",
    "labelIssueDate": "Issue date",
    "labelDueDate": "Due date",
    "labelDescription": "Description",
    "labelQuantity": "Quantity",
    "labelUnitPrice": "Unit price",
    "labelDiscount": "Discount",
    "labelTax": "Tax",
    "labelTotal": "Total",
    "labelSubtotal": "Subtotal",
    "labelDiscountsIncluded": "Discounts included",
    "labelNotes": "Notes",
    "labelTaxId": "Tax ID",
    "labelVatId": "VAT ID",
}
# Words of the rows and sections that a placeholder brings, which no template has to place.
BROUGHT = (
    "Delivery date", "Delivery period", "Purchase order", "Your reference", "Contract", "Payment terms",
    "Payment", "Payment reference", "Pay online", "Scan to pay", "Credit note", "For invoice", "Reason", "Item",
    *EXEMPTIONS.values(),
)  # fmt: skip
ALIASES = {"no": "nb", "nn": "nb"}
PAGE = "Page %(page)s of %(pages)s"
MESSAGES = (*LABELS.values(), *BROUGHT, PAGE)


def labels(locale: Locale) -> Mapping[str, str]:
    """Return the text of each of MESSAGES in the language of the locale; English if there is no catalogue for it."""
    language = ALIASES.get(locale.language, locale.language)
    if locale.script in (None, _usual_script(language)):
        return _catalogue(language) or _ENGLISH
    return _catalogue(f"{language}_{locale.script}") or _ENGLISH


def _usual_script(language: str) -> str | None:
    likely = get_global("likely_subtags").get(language, "")
    return likely.split("_")[1] if "_" in likely else None


@lru_cache(maxsize=64)
def _catalogue(language: str) -> Mapping[str, str] | None:
    path = FOLDER / f"{language}.po"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {message: str(catalogue[message].string) for message in MESSAGES}


_ENGLISH = {message: message for message in MESSAGES}

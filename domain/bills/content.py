"""What reading a bill's file gives, and what is found in it: plain values, which the jail knows as well."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

XML, TEXT, OCR, MODEL, PERSON = "xml", "text", "ocr", "model", "person"
ORIGINS = (XML, TEXT, OCR, MODEL, PERSON)
# The fields of a bill: text, ISO 8601 dates, and amounts as decimal numbers written out ("1234.50").
FIELDS = (
    "supplier_name", "supplier_vat_id", "supplier_tax_id", "iban", "invoice_number", "issue_date", "due_date",
    "currency_code", "subtotal", "tax_total", "total", "taxes", "lines",
)  # fmt: skip


def public_name(field: str) -> str:
    """Return what a field is called outside: `supplierName` for `supplier_name`."""
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Box(NamedTuple):
    """A place on a page, in fractions of its width and height from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Word(NamedTuple):
    """A word and where it stands; `confidence` is from 0 to 1, and 1 for a text layer."""

    text: str
    box: Box
    confidence: float = 1.0


class Page(NamedTuple):
    """A page as it was read, with its size in points; its words come in the order in which one reads.

    A scan that lies on its side is read when it was turned by `turned` degrees clockwise: its size and its boxes are
    those of the turned page.
    """

    number: int
    width: float
    height: float
    origin: str
    words: Sequence[Word]
    turned: int = 0


class Reading(NamedTuple):
    """What a file says. `xml` is what an e-invoice in it says, by field.

    `scans` are the numbers of the pages that have no text of their own, and were not recognized yet; `unread` those of
    which nobody could read the picture, by the reason.
    """

    pages: Sequence[Page]
    xml: Mapping[str, Any] | None = None
    scans: Sequence[int] = ()
    unread: Mapping[str, Sequence[int]] = MappingProxyType({})


class Found(NamedTuple):
    """The value of a field, where it comes from, and why it is believed; `reason` is a sentence for a person.

    `taxes` is a list of `{rate, base, tax}`, `lines` one of `{description, quantity, unit_price, tax_rate, total}`;
    a rate is a fraction ("0.2").
    """

    value: Any
    confidence: float
    origin: str
    page: int | None = None
    box: Box | None = None
    reason: str = ""

"""An e-invoice and the page that shows it: a payer sees the page, and the machine books the XML."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.bills.content import Reading
from domain.bills.extraction import amounts, dates
from domain.bills.extraction.layout import Sheet, squeeze

PAGE_AGREES = "page_agrees"
NAMES = {"invoice_number": "number", "total": "total", "issue_date": "date of issue"}
# A page with fewer words is a cover, or a picture that nobody has read.
FEWEST_WORDS = 10


class Check(NamedTuple):
    """One thing that has to hold: `says` is a sentence for a person, `fields` are those that it is about."""

    name: str
    passed: bool
    says: str
    fields: Sequence[str] = ()


def compare(reading: Reading) -> list[Check]:
    """Return whether the pages show what the e-invoice says, and which fields they do not; [] if one is not there."""
    if not reading.xml or sum(len(page.words) for page in reading.pages) < FEWEST_WORDS:
        return []
    sheet = Sheet(reading)
    shown = {
        "invoice_number": _shows_number(sheet, reading.xml.get("invoice_number")),
        "total": _shows_total(sheet, reading.xml.get("total")),
        "issue_date": _shows_date(sheet, reading.xml.get("issue_date")),
    }
    missing = tuple(field for field, is_shown in shown.items() if not is_shown)
    if not missing:
        return [Check(PAGE_AGREES, True, "the page shows what the e-invoice says", tuple(shown))]
    told = ", ".join(f"{reading.xml[field]} as its {NAMES[field]}" for field in missing)
    return [Check(PAGE_AGREES, False, f"the e-invoice says {told}, the page does not", missing)]


def _shows_number(sheet: Sheet, number: str | None) -> bool:
    return number is None or squeeze(number) in sheet.squeezed.replace("\n", "")


def _shows_total(sheet: Sheet, total: str | None) -> bool:
    """Return whether the total stands on a page, with whichever sign."""
    if total is None:
        return True
    wanted = abs(Decimal(total))
    return any(abs(amount.value) == wanted for amount in amounts.find(sheet.rows))


def _shows_date(sheet: Sheet, day: str | None) -> bool:
    """Return whether a day stands on a page that has dates at all."""
    hits = [hit for row in sheet.rows for hit in dates.find(row)]
    return day is None or not hits or any(day == one.isoformat() for hit in hits for one in hit.meanings.values())

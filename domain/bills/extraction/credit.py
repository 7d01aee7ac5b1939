"""A credit note's amounts are negative, for they are what the organization owes; on its page they may have no sign."""

from collections.abc import Mapping
from typing import Any

from domain.bills.content import Found
from domain.bills.extraction.layout import Sheet, squeeze

# Not those that also name an invoice that the buyer writes (Gutschrift), or one that replaces another.
TITLES = tuple(
    squeeze(title)
    for title in (
        "credit note", "credit memo", "credit invoice", "avoir", "facture d avoir", "note de crédit", "nota di credito",
        "nota de crédito", "creditnota", "creditfactuur", "кредитно известие", "stornorechnung", "dobropis",
        "kreditnota", "kreditfaktura", "hyvityslasku", "πιστωτικό τιμολόγιο", "odobrenje",
    )
)  # fmt: skip
MOST_WORDS, UPPER_PART = 5, 0.5
BELIEVED = 0.85
TURNED = "the page names itself a credit note, so its amounts are negative"


def turned(sheet: Sheet, found: Mapping[str, Found]) -> dict[str, Found]:
    """Return the amounts with their signs turned if the page is a credit note whose total has none."""
    total = found.get("total")
    if total is None or total.value.startswith("-") or not is_titled(sheet):
        return {}
    sums = {
        field: _turned(found[field], found[field].value)
        for field in ("subtotal", "tax_total", "total")
        if field in found
    }
    rows = {"taxes": ("base", "tax"), "lines": ("quantity", "total")}
    return sums | {
        field: found[field]._replace(value=[_row(row, names) for row in found[field].value], confidence=BELIEVED)
        for field, names in rows.items()
        if field in found
    }


def is_titled(sheet: Sheet) -> bool:
    """Return whether a credit note's name stands by itself in the upper part of the first page."""
    for row in sheet.rows:
        if row.page is not sheet.rows[0].page or row.top > UPPER_PART:
            return False
        for cell in row.cells:
            if len(cell.text.split()) <= MOST_WORDS and squeeze(cell.text).startswith(TITLES):
                return True
    return False


def _turned(found: Found, value: str) -> Found:
    return found._replace(value=negative(value), confidence=min(found.confidence, BELIEVED), reason=TURNED)


def _row(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: negative(value) if name in names and value else value for name, value in row.items()}


def negative(value: str) -> str:
    """Return an amount that is written out with its sign turned."""
    return value[1:] if value.startswith("-") else value if not value.strip("0.") else f"-{value}"

"""All fields of a bill from its pages, each with the reason why it is believed."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from domain.bills.content import FIELDS, OCR, XML, Box, Found, Reading
from domain.bills.extraction import (
    amounts,
    credit,
    currencies,
    dates,
    days,
    identifiers,
    memory,
    names,
    numbers,
    parties,
    roles,
    tables,
    totals,
)
from domain.bills.extraction.amounts import Amount
from domain.bills.extraction.hints import Hints, KnownSupplier
from domain.bills.extraction.identifiers import IBAN, TAX, VAT, Id
from domain.bills.extraction.labels import STRONG
from domain.bills.extraction.layout import Cell, Row, Sheet
from domain.bills.extraction.layout import plain as folded
from domain.bills.extraction.totals import Part, Sums
from domain.money import decimals as decimals_of

# A picture's letters and digits may be mistaken; only what proves itself is certain.
MOST_OF_PICTURE = 0.9
KNOWN_SHAPE = 0.96
BY_NAME = "name"
XML_SAYS = "the e-invoice says so"
AMOUNTS = ("subtotal", "tax_total", "total")


class Page(NamedTuple):
    """What the fields are taken from: the rows, the numbers and ids in them, and the supplier if it is known."""

    sheet: Sheet
    amounts: Sequence[Amount]
    ids: Sequence[Id]
    hints: Hints
    supplier: KnownSupplier | None
    known_by: str


def extract(reading: Reading, hints: Hints) -> dict[str, Found]:
    """Return the fields that a reading says, those of an e-invoice first; what it does not say is left out."""
    exact = {field: Found(value, 1.0, XML, reason=XML_SAYS) for field, value in _said(reading.xml).items()}
    return in_order(of_pages(reading, hints) | exact)


def of_pages(reading: Reading, hints: Hints) -> dict[str, Found]:
    """Return the fields that the pages alone say."""
    sheet = Sheet(reading)
    if not sheet.rows:
        return {}
    page = _page(sheet, hints)
    found = _of_supplier(page)
    currency = _currency(page, found)
    found |= {"currency_code": currency} if currency else {}
    found |= _number(page)
    found |= _sums(page, currency.value if currency else None)
    found |= _days(page, found)
    found |= credit.turned(sheet, found)
    if page.supplier:
        found |= memory.recall(sheet, page.amounts, page.supplier, found, surely=page.known_by != BY_NAME)
    return found


def in_order(found: Mapping[str, Found]) -> dict[str, Found]:
    """Return the fields in the order of FIELDS."""
    return {field: found[field] for field in FIELDS if field in found}


def _said(xml: Mapping[str, Any] | None) -> dict[str, Any]:
    return {field: value for field, value in (xml or {}).items() if field in FIELDS and value not in (None, "", [])}


def _page(sheet: Sheet, hints: Hints) -> Page:
    ids = identifiers.find(sheet)
    by_name = names.known(sheet, hints)
    supplier, by = parties.known(sheet, ids, hints) or (by_name, BY_NAME)
    return Page(sheet, _amounts(sheet), ids, hints, supplier, by)


def _amounts(sheet: Sheet) -> list[Amount]:
    """Return the numbers on the pages that are no part of a date: 2026. 02. 19."""
    days_at = {row.number: dates.find(row) for row in sheet.rows}
    return [
        one
        for one in amounts.find(sheet.rows)
        if not any(hit.start <= one.start < hit.end for hit in days_at[one.row.number])
    ]


def _of_supplier(page: Page) -> dict[str, Found]:
    found = {}
    for field, kind in (("supplier_vat_id", VAT), ("supplier_tax_id", TAX), ("iban", IBAN)):
        choice = parties.choose(page.sheet, kind, page.ids, page.hints, page.supplier)
        if choice:
            one = choice.id
            found[field] = _found(one.value, choice.confidence, choice.reason, one.row, one.box)
    believed = {field.value for field in found.values() if field.confidence >= parties.LIKELY}
    name = _name(page, [one for one in page.ids if one.value in believed])
    return found | ({"supplier_name": name} if name else {})


def _name(page: Page, own: Sequence[Id]) -> Found | None:
    supplier = page.supplier
    name = names.find(page.sheet, page.hints, own)
    if supplier:
        reason = f"{supplier.name} is known by this {page.known_by}, {supplier.seen}"
        row, box = (name.piece.row, name.piece.box) if name else (page.sheet.rows[0], page.sheet.rows[0].cells[0].box)
        return _found(supplier.name, 0.85 if page.known_by == BY_NAME else 0.98, reason, row, box)
    if name is None:
        return None
    signs = ", ".join(name.signs)
    # Only a site's name spells it once more.
    may_be_misread = name.piece.row.page.origin == OCR and names.SITE not in name.signs
    confidence = min(name.confidence, MOST_OF_PICTURE) if may_be_misread else name.confidence
    return _found(name.piece.text, confidence, f"{signs} speak for it", name.piece.row, name.piece.box)


def _currency(page: Page, found: Mapping[str, Found]) -> Found | None:
    """Return the currency: the sign or code at most amounts, a code that is named, that of supplier or organization."""
    vat_id = found["supplier_vat_id"].value if "supplier_vat_id" in found else ""
    local = currencies.of_country(vat_id[:2])
    at_amounts = [(amount, code) for amount in page.amounts if (code := _resolved(amount, local))]
    if code := currencies.most(code for _, code in at_amounts):
        amount = next(amount for amount, other in at_amounts if other == code)
        others = {other for _, other in at_amounts} - {code}
        shared = amount.row.text[max(0, amount.start - 2) : amount.start].strip() in currencies.SHARED and not local
        confidence = 0.7 if others else 0.9 if shared else 0.98
        return _found(code, confidence, "it stands at the amounts", amount.row, amount.box)
    if named := _named(page.sheet, local):
        return named
    row = page.sheet.rows[0]
    guess = (page.supplier.currency_code if page.supplier else None) or local or page.hints.currency
    return _found(guess, 0.7, "the supplier's country pays with it", row, row.cells[0].box) if guess else None


def _resolved(amount: Amount, local: str | None) -> str | None:
    """Return the currency at an amount; a sign that several countries have means the supplier's own."""
    code = amount.currency
    if code is None:
        return None
    shared = next(
        (codes for codes in currencies.SHARED.values() if code in codes or (not code and local in codes)), set()
    )
    return local if local in shared else code or None


def _named(sheet: Sheet, local: str | None) -> Found | None:
    """Return the currency whose code the page names; of several the first, and it is doubted.

    A code among other words may be a word of another kind, as in `Bitto DOP`.
    """
    said = [(cell, code) for row in sheet.rows for cell in row.cells for code in currencies.named_in(cell.text)]
    telling = [one for one in said if one[1] == local or _tells_currency(*one)]
    if not telling:
        return _signed(sheet) or (None if local or not said else _by_code(*said[0], 0.7))
    cell, code = min(telling, key=lambda one: (one[0].row.number, one[0].row.text.index(one[1])))
    alone = len({code for _, code in said}) == 1 and "€" not in sheet.squeezed
    return _by_code(cell, code, 0.96 if alone else 0.8)


def _tells_currency(cell: Cell, code: str) -> bool:
    """Return whether a code is in brackets, at a word for sums or currencies, or stands for itself."""
    rest = cell.text.replace(code, " ")
    is_alone = not any(map(str.isalpha, rest)) or f"({code})" in cell.text or roles.of(rest) is not None
    return is_alone or bool(re.search(currencies.CURRENCY_WORDS, folded(rest)))


def _by_code(cell: Cell, code: str, confidence: float) -> Found:
    row = cell.row
    box = row.tokens[row.token_at(row.text.index(code, cell.start))].box
    return _found(code, confidence, "its code is named", row, box)


def _signed(sheet: Sheet) -> Found | None:
    """Return the currency whose sign stands somewhere on the page, as in `Total (€)`."""
    for row in sheet.rows:
        for letter in row.text:
            if currencies.SIGNS.get(letter) and letter not in currencies.SHARED:
                box = row.tokens[row.token_at(row.text.index(letter))].box
                return _found(currencies.SIGNS[letter], 0.9, "its sign is on the page", row, box)
    return None


def _number(page: Page) -> dict[str, Found]:
    taken = {parties.bare(one.value) for one in page.ids}
    found = [
        one for one in numbers.candidates(page.sheet, page.supplier) if parties.bare(one.written.value) not in taken
    ]
    if not found:
        return {}
    best = found[0]
    rival = len(found) > 1 and found[1].strength >= best.strength - 0.3
    confidence = 0.97 if best.strength >= STRONG - 0.3 else 0.85 if best.strength >= 1.5 else 0.6
    if rival:
        confidence = min(confidence, 0.7)
    written = best.written
    if page.supplier and numbers.shape(written.value) in map(numbers.shape, page.supplier.last_numbers) and not rival:
        reason = f"{best.says}, and it looks like this supplier's numbers"
        return {"invoice_number": _found(written.value, max(confidence, KNOWN_SHAPE), reason, written.row, written.box)}
    if written.row.page.origin == OCR:
        confidence = min(confidence, MOST_OF_PICTURE)
    return {"invoice_number": _found(written.value, confidence, best.says, written.row, written.box)}


def _sums(page: Page, currency: str | None) -> dict[str, Found]:
    decimals = decimals_of(currency) if currency else 2
    if decimals and not any(amount.decimals == decimals for amount in page.amounts if not amount.is_percent):
        decimals = 0
    sums = totals.find(page.sheet, page.amounts, decimals)
    if sums is None:
        return {}
    row = (sums.total.amount or page.amounts[0]).row
    found = {"total": _part(sums.total, sums, row)}
    if sums.confidence > totals.UNPROVED:
        found |= {"subtotal": _part(sums.net, sums, row), "tax_total": _part(sums.tax, sums, row)}
        found |= _taxes(sums, row) | _lines(page, sums, decimals, row)
    return found


def _part(part: Part, sums: Sums, row: Row) -> Found:
    row, box = (part.amount.row, part.amount.box) if part.amount else (row, None)
    return _found(plain(part.value), sums.confidence, sums.reason, row, box)


def _taxes(sums: Sums, row: Row) -> dict[str, Found]:
    rows = [
        {"rate": plain((tax.rate / 100).normalize()), "base": plain(tax.base.value), "tax": plain(tax.tax.value)}
        for tax in sums.taxes
    ]
    return {"taxes": _found(rows, sums.confidence, totals.TAX_RATE, row, None)} if rows else {}


def _lines(page: Page, sums: Sums, decimals: int, row: Row) -> dict[str, Found]:
    lines = tables.find(page.sheet, page.amounts, sums, decimals)
    rows = [
        {name: plain(value) if isinstance(value, Decimal) else value for name, value in line._asdict().items()}
        for line in lines
    ]
    return {"lines": _found(rows, 0.9, "they add up to the sums", row, None)} if rows else {}


def _days(page: Page, found: Mapping[str, Found]) -> dict[str, Found]:
    currency = found["currency_code"].value if "currency_code" in found else None
    country = _country(page, found)
    issue, due = days.find(page.sheet, currency, page.hints.language, country)
    said = {"issue_date": issue, "due_date": due}
    return {
        field: _found(day.day.isoformat(), _of_picture(day), day.reason, day.row, day.box)
        for field, day in said.items()
        if day
    }


def _of_picture(day: days.Day) -> float:
    proved = day.reason.startswith("the terms")
    return day.confidence if proved or day.row.page.origin != OCR else min(day.confidence, MOST_OF_PICTURE)


def _country(page: Page, found: Mapping[str, Found]) -> str | None:
    if "supplier_vat_id" in found:
        prefix = str(found["supplier_vat_id"].value[:2])
        return currencies.PREFIXES.get(prefix, prefix)
    return (
        "US" if "supplier_tax_id" in found and "ein" in page.sheet.squeezed and page.hints.currency == "USD" else None
    )


def plain(value: Decimal) -> str:
    """Return a number written out."""
    return format(value, "f")


def _found(value: Any, confidence: float, reason: str, row: Row, box: Box | None) -> Found:
    return Found(value, round(confidence, 3), row.page.origin, row.page.number, box, reason)

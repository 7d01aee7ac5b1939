"""Bills as PDFs with text: one page, one font that every reader has."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from local.sample.company import SUPPLIERS, Vendor

RATE, TERM = Decimal("0.23"), timedelta(days=21)
CENT = Decimal("0.01")
TITLE, TEXT = 20, 10
# Where a column begins, in points from the left.
COLUMNS = (60, 330, 400, 480)
Placed = tuple[int, int, int, str]


def bill(vendor: Vendor, number: str, day: date, remark: str = "") -> bytes:
    """Return the bill of a vendor for its lines, dated `day`."""
    amounts = [Decimal(quantity) * Decimal(price) for _, quantity, price in vendor.lines]
    rows = [(told, str(quantity), price, f"{amount:.2f}") for (told, quantity, price), amount in zip(
        vendor.lines, amounts, strict=True)]  # fmt: skip
    subtotal = sum(amounts, Decimal(0)).quantize(CENT)
    tax = (subtotal * RATE).quantize(CENT)
    head = [
        "Invoice", vendor.name, vendor.street, f"VAT ID: {vendor.vat_id}", "", f"Bill to: {SUPPLIERS[0]['name']}",
        f"Invoice number: {number}", f"Invoice date: {day}", f"Due date: {day + TERM}", "",
    ]  # fmt: skip
    foot = [
        "", f"Subtotal: {subtotal} EUR", f"VAT 23 %: {tax} EUR", f"Total: {subtotal + tax} EUR", "",
        f"IBAN: {vendor.iban}", remark,
    ]  # fmt: skip
    table = [("Description", "Quantity", "Unit price", "Total"), *rows]
    return _pdf(_placed([*((line,) for line in head), *table, *((line,) for line in foot)]))


def _placed(rows: Sequence[Sequence[str]]) -> list[Placed]:
    return [
        (x, 780 - 22 * row, TITLE if row == 0 else TEXT, text)
        for row, cells in enumerate(rows)
        for x, text in zip(COLUMNS, cells, strict=False)
        if text
    ]


def _pdf(texts: Sequence[Placed]) -> bytes:
    """Return one A4 page with these texts, each at its place from the left and the bottom."""
    shown = "".join(f"BT /F {size} Tf {x} {y} Td ({_escaped(text)}) Tj ET\n" for x, y, size, text in texts)
    content = shown.encode("cp1252")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    written, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, table)
    return written + head + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(parts) + 1, len(written))  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")

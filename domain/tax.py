"""Tax by category and rate, in the words of EN 16931: code list UNCL5305, and the breakdown of an invoice (BG-23)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

# Where tax is rounded: each line for itself, or once for all lines of a category and rate.
LINE, DOCUMENT = "line", "document"
ROUNDINGS = (LINE, DOCUMENT)
STANDARD, ZERO_RATED, INTRA_COMMUNITY, OUTSIDE = "S", "Z", "K", "O"
# Why no tax is due, in the English that the catalogues of labels translate.
EXEMPTIONS = {
    "E": "Exempt from VAT",
    "AE": "Reverse charge",
    "K": "Intra-Community supply",
    "G": "Export",
    "O": "Not subject to VAT",
}
CATEGORIES = (STANDARD, ZERO_RATED, *EXEMPTIONS)


class Group(NamedTuple):
    """The lines of an invoice that share a category and a rate; the rate is a fraction."""

    tax_category: str
    tax_rate: Decimal
    taxable_amount: Decimal
    tax_amount: Decimal
    exemption_reason: str | None


def category(asked: str | None, rate: Decimal) -> str:
    """Return the category of a line: the one it asks for, else standard or zero rated, as its rate is."""
    return asked or (STANDARD if rate else ZERO_RATED)


def rate(asked_category: str | None, asked: Decimal | None, default: Decimal) -> Decimal:
    """Return the rate of a line: the one it asks for, else none where its category has none, else the supplier's."""
    if asked is not None:
        return asked
    return default if asked_category in (None, STANDARD) else Decimal(0)


def mistaken(asked_category: str, rate: Decimal) -> str | None:
    """Return what is wrong with the rate in that category, or None."""
    if asked_category == STANDARD and not rate:
        return "must be above 0 with taxCategory S: say Z, E, AE, K, G or O for a line without tax"
    if asked_category != STANDARD and rate:
        return f"must be 0 with taxCategory {asked_category}, or left out"
    return None


def breakdown(lines: Iterable[Any]) -> list[Group]:
    """Return the groups of an invoice's lines, in the order in which they come first.

    A line has `tax_category` (or None), `tax_rate`, `line_subtotal`, `line_tax` and `exemption_reason`.
    """
    groups: dict[tuple[str, Decimal], list[Any]] = {}
    for line in lines:
        groups.setdefault((category(line.tax_category, line.tax_rate), line.tax_rate), []).append(line)
    return [_group(code, rate, of_group) for (code, rate), of_group in groups.items()]


def _group(code: str, rate: Decimal, lines: list[Any]) -> Group:
    reasons = dict.fromkeys(line.exemption_reason for line in lines if line.exemption_reason)
    return Group(
        code,
        rate,
        sum((line.line_subtotal for line in lines), Decimal(0)),
        sum((line.line_tax for line in lines), Decimal(0)),
        "; ".join(reasons) or None,
    )

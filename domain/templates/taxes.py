"""The tax of an invoice as it is printed: a row for each category and rate, and why there is none."""

from collections.abc import Mapping
from html import escape

from domain import tax
from domain.templates.formatting import LocalFormat
from domain.templates.texts import directed, row_of
from domain.templates.view import InvoiceView


def tax_rows(view: InvoiceView, local: LocalFormat, words: Mapping[str, str]) -> str:
    """Return the rows; where there are several, each with its taxable amount, and then their sum."""
    groups = tax.breakdown(view.items)
    if len(groups) == 1:
        return _row(groups[0], local, words, "")
    rows = [_row(group, local, words, local.money(group.taxable_amount)) for group in groups]
    return "".join((*rows, row_of("tax-total", words["Tax"], escape(local.money(view.tax_total)))))


def _row(group: tax.Group, local: LocalFormat, words: Mapping[str, str], base: str) -> str:
    rate = "" if group.tax_category == tax.OUTSIDE else local.rate(group.tax_rate)
    label = " ".join(filter(None, (words["Tax"], rate, f"({base})" if base else "")))
    reason = f'<div class="row exemption">{directed(group.exemption_reason)}</div>' if group.exemption_reason else ""
    return row_of("tax", label, escape(local.money(group.tax_amount))) + reason

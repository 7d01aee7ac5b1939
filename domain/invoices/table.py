"""Invoices as a table for a spreadsheet: a row for each tax category and rate of an invoice, read while it is sent."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, case, func, literal_column, select

from db.models import Invoice, InvoiceItem
from db.transaction import report
from domain.invoices.catalogue import Span, within
from domain.invoices.ledger import decimal
from domain.invoices.request import CREDIT_NOTE

INVOICES_AT_ONCE = 500
COLUMNS = (
    "invoiceNumber", "documentType", "issueDate", "dueDate", "clientName", "clientTaxId", "clientVatId", "currencyCode",
    "taxCategory", "taxRate", "taxableAmount", "taxAmount", "total",
)  # fmt: skip
HEADS = ("id", "invoice_number", "document_type", "issue_date", "due_date", "client", "currency_code")
# A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def stream(organization_id: int, span: Span) -> Iterator[bytes]:
    """Yield the table as CSV (RFC 4180, UTF-8); amounts of a credit note are below zero, so that columns add up.

    `total` is that of the row. No transaction is open while a part is sent.
    """
    yield _text([COLUMNS])
    last = 0
    while True:
        with report() as session:
            rows = session.execute(_rows(organization_id, span, last)).all()
        if not rows:
            return
        yield _text([_row(row) for row in rows])
        last = rows[-1].id


def _rows(organization_id: int, span: Span, after: int) -> Select:
    some = within(select(Invoice.id), organization_id, span).where(Invoice.id > after)
    # Literals, so that the server sees one expression in both places.
    by_rate = case((InvoiceItem.tax_rate > 0, literal_column("'S'")), else_=literal_column("'Z'"))
    groups = (func.coalesce(InvoiceItem.tax_category, by_rate).label("category"), InvoiceItem.tax_rate)
    heads = [getattr(Invoice, name) for name in HEADS]
    sums = (func.sum(InvoiceItem.line_subtotal).label("taxable"), func.sum(InvoiceItem.line_tax).label("tax"))
    return (
        select(*heads, *groups, *sums)
        .join(InvoiceItem, InvoiceItem.invoice_id == Invoice.id)
        .where(Invoice.id.in_(some.order_by(Invoice.id).limit(INVOICES_AT_ONCE)))
        .group_by(Invoice.id, *groups)
        .order_by(Invoice.id, *groups)
    )


def _row(row: Any) -> list[str]:
    sign = -1 if row.document_type == CREDIT_NOTE else 1
    amounts = [decimal(sign * amount) for amount in (row.taxable, row.tax, row.taxable + row.tax)]
    texts = [row.invoice_number, row.client.get("name"), row.client.get("tax_id"), row.client.get("vat_id")]
    number, *client = [_safe(text or "") for text in texts]
    due = row.due_date.isoformat() if row.due_date else ""
    facts = [number, str(row.document_type), row.issue_date.isoformat(), due, *client, row.currency_code]
    return [*facts, row.category, decimal(row.tax_rate), *amounts]


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _text(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()

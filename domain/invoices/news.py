"""The events of invoices and credit notes that were just issued."""

from collections.abc import Mapping
from typing import Any

import orjson

from domain.events.telling import News
from domain.events.types import INVOICE_CREDITED, INVOICE_ISSUED
from domain.invoices.request import CREDIT_NOTE


def news(invoice_id: int, invoice: Mapping[str, Any]) -> News:
    """Return what is told of an invoice as it was written; its total is an exact number."""
    is_credit = invoice["document_type"] == CREDIT_NOTE
    said = {
        "invoiceId": invoice_id,
        "invoiceNumber": invoice["invoice_number"],
        "supplierId": invoice["supplier_id"],
        "issueDate": invoice["issue_date"],
        "currencyCode": invoice["currency_code"],
        "total": orjson.Fragment(invoice["total"]),
    }
    if invoice["job_id"] is not None:
        said["requestId"] = invoice["job_id"]
    if is_credit:
        said["creditedInvoiceId"] = invoice["credited_invoice_id"]
    return News(INVOICE_CREDITED if is_credit else INVOICE_ISSUED, said, invoice["job_id"])

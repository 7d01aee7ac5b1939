from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response

from db.models import Invoice
from domain.errors import Conflict, Invalid
from domain.invoices.archive import file_name

PDF, XML = "application/pdf", "application/xml"


def attachment(invoice: Invoice, data: bytes, mimetype: str = PDF) -> Response:
    """Return the PDF or XML as a download that says which invoice it is."""
    name = f"{file_name(invoice.invoice_number)}.{mimetype.rpartition('/')[2]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Invoice-Number": invoice.invoice_number,
        "X-Invoice-Status": invoice.status,
        "X-Invoice-Issue-Date": invoice.issue_date.isoformat(),
    }
    return Response(data, headers=headers, mimetype=mimetype)


@contextmanager
def written_as_it_was_issued() -> Iterator[None]:
    """Refuse as a conflict what an issued invoice's XML would lack: the invoice stays as it is, whatever is sent."""
    try:
        yield
    except Invalid as lacking:
        told = f"this invoice was issued without the rules of e-invoices, and cannot be had as XML: {lacking}"
        raise Conflict(told) from None

from flask import Response

from db.models import Invoice
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

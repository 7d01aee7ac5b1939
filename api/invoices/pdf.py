from flask import Response

from db.models import Invoice
from domain.invoices.archive import file_name

PDF = "application/pdf"


def attachment(invoice: Invoice, pages: bytes) -> Response:
    """Return the PDF as a download that says which invoice it is."""
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(invoice.invoice_number)}.pdf"',
        "X-Invoice-Number": invoice.invoice_number,
        "X-Invoice-Status": invoice.status,
        "X-Invoice-Issue-Date": invoice.issue_date.isoformat(),
    }
    return Response(pages, headers=headers, mimetype=PDF)

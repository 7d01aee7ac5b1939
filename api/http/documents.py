"""Invoices, and the proof of their numbers, as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile

from flask import Response

from db.models import Invoice
from db.transaction import report
from domain.errors import Conflict, Invalid
from domain.invoices import report as numbering
from domain.invoices.archive import file_name

PDF, XML, JSON_LINES = "application/pdf", "application/xml", "application/jsonl"
# Of a report: what is kept in memory rather than on disk, and sent at a time.
MAX_IN_MEMORY, CHUNK = 8 * 1024 * 1024, 64 * 1024


def attachment(invoice: Invoice, data: bytes, mimetype: str = PDF, shown: bool = False) -> Response:
    """Return the PDF or XML, which says which invoice it is, as a download, or to be `shown`."""
    name = f"{file_name(invoice.invoice_number)}.{mimetype.rpartition('/')[2]}"
    headers = {
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
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


def numbering_report(organization_id: int, supplier_id: int, code: str) -> Response:
    """Return the signed report of a series as a download; raise NotFound, or Conflict without a key to sign it with."""
    file = SpooledTemporaryFile(max_size=MAX_IN_MEMORY)  # noqa: SIM115  closed with the response
    with report() as session:
        numbering.write(session, organization_id, supplier_id, code, file)
    file.seek(0)
    headers = {"Content-Disposition": f'attachment; filename="numbering-{supplier_id}.jsonl"'}
    response = Response(iter(lambda: file.read(CHUNK), b""), headers=headers, mimetype=JSON_LINES)
    response.call_on_close(file.close)
    return response

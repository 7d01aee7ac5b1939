"""Many invoices as one ZIP, made while it is read: no more than a few pages of it are ever in memory."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.orm import Session

from db.models import Invoice
from db.transaction import transaction
from domain.einvoices import syntax
from domain.errors import Invalid, NotFound, Refusal
from domain.invoices import catalogue, printing
from domain.pdf.rendering import RendererBusy, RenderingFailed

MAX_INVOICES = 500
ATTEMPTS_AT_A_BUSY_RENDERER = 3
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class Outlet(io.RawIOBase):
    """A file that can only be written; what was written is taken out at once."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Keep `data` until it is taken."""
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data, self._written = bytes(self._written), bytearray()
        return data


def choose(session: Session, organization_id: int, span: catalogue.Span) -> Sequence[int]:
    """Return the ids of the invoices that an archive of `span` holds; raise NotFound or Invalid."""
    ids = catalogue.ids(session, organization_id, span, MAX_INVOICES + 1)
    if not ids:
        raise NotFound("no invoice was issued in this span")
    if len(ids) > MAX_INVOICES:
        raise Invalid(f"more than {MAX_INVOICES} invoices; choose a shorter span")
    return ids


def stream(organization_id: int, ids: Sequence[int], with_xml: bool) -> Iterator[bytes]:
    """Yield the archive, with the XML of each invoice beside its PDF if so; no transaction is open meanwhile."""
    outlet = Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for invoice_id in ids:
            with transaction() as session:
                invoice = catalogue.get(session, organization_id, invoice_id)
                content = printing.content(invoice)
                html = printing.html(session, content)
            archive.writestr(*_member(organization_id, invoice, html))
            if with_xml:
                archive.writestr(*_xml_member(invoice, content))
            yield outlet.take()
    yield outlet.take()


def file_name(invoice_number: str) -> str:
    """Return the number as a file name that no system reads as a path."""
    return UNSAFE.sub("_", invoice_number)


def _member(organization_id: int, invoice: Invoice, html: str) -> tuple[zipfile.ZipInfo, bytes]:
    name, time = file_name(invoice.invoice_number), invoice.created_at.timetuple()[:6]
    try:
        return zipfile.ZipInfo(f"{name}.pdf", time), _pdf(organization_id, html)
    except RenderingFailed as failure:
        # The answer has begun: a missing page can only be reported inside the archive.
        return zipfile.ZipInfo(f"{name}-NOT-PRINTED.txt", time), failure.detail.encode()


def _xml_member(invoice: Invoice, content: Mapping[str, Any]) -> tuple[zipfile.ZipInfo, bytes]:
    name, time = file_name(invoice.invoice_number), invoice.created_at.timetuple()[:6]
    try:
        return zipfile.ZipInfo(f"{name}.xml", time), syntax.xml(content, syntax.CII)
    except Refusal as refused:
        return zipfile.ZipInfo(f"{name}-NO-XML.txt", time), str(refused).encode()


def _pdf(organization_id: int, html: str) -> bytes:
    """Print, asking a busy renderer several times: a page missed here cannot be asked for again."""
    for _ in range(ATTEMPTS_AT_A_BUSY_RENDERER):
        with suppress(RendererBusy):
            return printing.pdf(organization_id, html, patient=True)
    return printing.pdf(organization_id, html, patient=True)

"""What a mail brings along: read in a transaction, printed and written while none is open."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from domain.einvoices import hybrid, syntax
from domain.invoices import catalogue, printing
from domain.invoices.archive import file_name
from domain.mail.composing import File
from domain.mail.sending import HYBRID, PDF
from domain.pdf.rendering import RendererBusy

PDF_TYPE, XML_TYPE = "application/pdf", "application/xml"
ATTEMPTS_AT_A_BUSY_RENDERER = 2


class Source(NamedTuple):
    """What the ledger has of an invoice, its pages as HTML, and the format in which it is wanted."""

    content: Mapping[str, Any]
    html: str
    format: str


def read(session: Session, organization_id: int, references: Sequence[Mapping[str, Any]]) -> list[Source]:
    """Return what the files of the references are made of; raise NotFound."""
    return [_source(session, organization_id, one["invoice_id"], one["format"]) for one in references]


def make(organization_id: int, sources: Sequence[Source]) -> list[File]:
    """Return the files, in order; call it outside a transaction. Raise Refusal or RenderingFailed."""
    return [_file(organization_id, source) for source in sources]


def _source(session: Session, organization_id: int, invoice_id: int, format: str) -> Source:
    content = printing.content(catalogue.get(session, organization_id, invoice_id))
    return Source(content, printing.html(session, content) if format in (PDF, HYBRID) else "", format)


def _file(organization_id: int, source: Source) -> File:
    name = file_name(source.content["invoice_number"])
    if source.format not in (PDF, HYBRID):
        return File(f"{name}.xml", XML_TYPE, syntax.xml(source.content, source.format))
    pages = _printed(organization_id, source.html)
    return File(f"{name}.pdf", PDF_TYPE, hybrid.bind(source.content, pages) if source.format == HYBRID else pages)


def _printed(organization_id: int, html: str) -> bytes:
    for _ in range(ATTEMPTS_AT_A_BUSY_RENDERER - 1):
        with suppress(RendererBusy):
            return printing.pdf(organization_id, html, patient=True)
    return printing.pdf(organization_id, html, patient=True)

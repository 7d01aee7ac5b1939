"""From an invoice to its pages: only what the invoice itself keeps decides how it looks."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from db.models import Invoice, NumberSeries, TemplateSource
from db.transaction import transaction
from domain.errors import Refusal
from domain.invoices import ledger, series
from domain.invoices.generation import draft
from domain.invoices.numbering import following
from domain.invoices.request import CREDIT_NOTE, InvoiceRequest
from domain.pdf.rendering import render_pdf
from domain.templates.template import render_html
from domain.templates.view import InvoiceView, Line, Party, Terms

AMOUNTS = {one for one in ledger.ITEM_FIELDS if one not in ("line_number", "description")}
PROVISIONAL_DATE = date(2000, 12, 30)


class _Rehearsed(Exception):
    """Ends the rehearsal's transaction, so that nothing of it stays, a new client neither."""


def pdf(organization_id: int, html: str, patient: bool = False) -> bytes:
    """Return the PDF; raise RenderingFailed. Call it outside a transaction: it takes a while."""
    return render_pdf(html, organization_id, patient=patient)


def content(invoice: Invoice) -> dict[str, Any]:
    """Return all that an issued invoice says."""
    return ledger.content(invoice, invoice.items)


def html(session: Session, content: Mapping[str, Any]) -> str:
    """Return the pages of an issued invoice, by the template and the content that it keeps."""
    source = session.get_one(TemplateSource, bytes.fromhex(content["template_hash"]))
    return render_html(source.html, _view(content))


def rehearse(request: InvoiceRequest) -> None:
    """Raise Refusal or RenderingFailed if the request cannot be issued and printed; keep nothing."""
    try:
        with transaction() as session:
            raise _Rehearsed(html(session, _provisional(session, request)))
    except _Rehearsed as rehearsed:
        render_pdf(str(rehearsed), request.organization_id)


def _provisional(session: Session, request: InvoiceRequest) -> dict[str, Any]:
    [content] = draft(session, [request])
    if isinstance(content, Refusal):
        raise content
    counter = session.get_one(NumberSeries, (request.supplier_id, request.series_code))
    day = request.issue_date or PROVISIONAL_DATE
    number = series.printed(counter, following(counter), day)
    return {**content, "invoice_number": number, "issue_date": day.isoformat()}


def _view(content: Mapping[str, Any]) -> InvoiceView:
    return InvoiceView(
        invoice_number=content["invoice_number"],
        issue_date=date.fromisoformat(content["issue_date"]),
        due_date=date.fromisoformat(content["due_date"]) if content["due_date"] else None,
        locale_code=content["locale_code"],
        currency_code=content["currency_code"],
        supplier=Party(**content["supplier"]),
        client=Party(**content["client"]),
        items=tuple(_line(item) for item in content["items"]),
        subtotal=Decimal(content["subtotal"]),
        tax_total=Decimal(content["tax_total"]),
        total=Decimal(content["total"]),
        notes=content["notes"],
        terms=_terms(content["terms"] or {}),
        is_credit_note=content["document_type"] == CREDIT_NOTE,
    )


def _line(item: Mapping[str, Any]) -> Line:
    values: dict[str, Any] = {name: Decimal(value) if name in AMOUNTS else value for name, value in item.items()}
    values.pop("credited_line", None)
    return Line(**values)


def _terms(terms: Mapping[str, Any]) -> Terms:
    days: dict[str, Any] = {
        name: date.fromisoformat(terms[name]) for name in ("delivery_date", "credited_date") if name in terms
    }
    if period := terms.get("delivery_period"):
        days["delivery_period"] = (date.fromisoformat(period["start"]), date.fromisoformat(period["end"]))
    return Terms(**{**terms, **days})

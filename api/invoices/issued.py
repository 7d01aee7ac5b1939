"""Issued invoices: listed, shown, printed, marked as paid."""

from typing import Any

from flask import Response, g

from api.http.blueprint import Blueprint
from api.http.changes import change
from api.http.documents import PDF, XML, attachment, written_as_it_was_issued
from api.http.fields import Choice, Whole
from api.http.pagination import LINK, Page, page, place
from api.http.schema import Query
from api.http.shares import heavy
from api.invoices.schemas import Invoice
from db.transaction import report, transaction
from domain.einvoices import hybrid
from domain.einvoices.syntax import CII, SYNTAXES, require_installed, xml
from domain.invoices import catalogue, printing

invoices_api = Blueprint(
    "invoices",
    __name__,
    description="Invoices that are issued: list, show and print them.",
    url_prefix="/api/v1/invoices",
)


class InvoicePage(Page):
    status = Choice("issued", "unpaid", refusal="invalid status", description="Only invoices with this status.")


class WhoseNumber(Query):
    supplier_id = Whole(query=True, description="Needed when two suppliers have issued the same number.")


class PrintQuery(WhoseNumber):
    format = Choice("plain", "facturx", load_default="plain", description="facturx: with the XML in it.")


class XmlQuery(WhoseNumber):
    syntax = Choice(*SYNTAXES, load_default=CII, description="cii (UN/CEFACT) or ubl (OASIS UBL 2.1).")


@invoices_api.route("", "invoices:read")
@invoices_api.arguments(InvoicePage(), location="query")
@invoices_api.response(200, Invoice(many=True), headers=LINK)
@heavy
def list_invoices(query: dict[str, Any]) -> Any:
    """List invoices, newest first.

    Each comes with its items, its supplier and its client as they were when it was issued.
    """
    with report() as session:
        rows = catalogue.page(session, g.organization_id, query.get("status"), *place(query))
        return page(rows, query, Invoice())


@invoices_api.route("/<invoice_number:number>", "invoices:read")
@invoices_api.arguments(WhoseNumber(), location="query")
@invoices_api.response(200, Invoice)
@invoices_api.refuses(404)
def show_invoice(query: dict[str, Any], number: str) -> Any:
    """Show one invoice.

    Supplier and client are shown as they were when it was issued.
    """
    with transaction() as session:
        return catalogue.find(session, g.organization_id, number, query.get("supplier_id"))


@invoices_api.route("/<invoice_number:number>/pdf", "invoices:read")
@invoices_api.arguments(PrintQuery(), location="query")
@invoices_api.response(200, {"type": "string", "format": "binary"}, content_type=PDF)
@invoices_api.refuses(404, 409, 429)
def print_invoice(query: dict[str, Any], number: str) -> Response:
    """Print one invoice: the same PDF whenever it is asked for.

    The PDF is made of what was stored when the invoice was issued. With `format=facturx` the XML of EN 16931 (CII) is
    in it: Factur-X, which ZUGFeRD 2 is too, built to PDF/A-3b, not certified.
    """
    if query["format"] == "facturx":
        require_installed()
    with transaction() as session:
        invoice = catalogue.find(session, g.organization_id, number, query.get("supplier_id"))
        content = printing.content(invoice)
        html = printing.html(session, content)
    pages = printing.pdf(g.organization_id, html)
    with written_as_it_was_issued():
        return attachment(invoice, hybrid.bind(content, pages) if query["format"] == "facturx" else pages)


@invoices_api.route("/<invoice_number:number>/xml", "invoices:read")
@invoices_api.arguments(XmlQuery(), location="query")
@invoices_api.response(200, {"type": "string"}, content_type=XML)
@invoices_api.refuses(404, 409)
@heavy
def show_invoice_as_xml(query: dict[str, Any], number: str) -> Response:
    """Show one invoice as an e-invoice of EN 16931, in the syntax of your choice.

    It says what was stored when the invoice was issued. If its supplier's `eInvoice` was set then, it was held against
    the rules of EN 16931. Otherwise it may break some.
    """
    with transaction() as session:
        invoice = catalogue.find(session, g.organization_id, number, query.get("supplier_id"))
        content = printing.content(invoice)
    with written_as_it_was_issued():
        return attachment(invoice, xml(content, query["syntax"]), XML)


@invoices_api.route("/<invoice_number:number>/mark-issued", "invoices:issue", methods=["POST"])
@invoices_api.arguments(WhoseNumber(), location="query")
@invoices_api.response(200, Invoice)
@invoices_api.refuses(404, 409)
def mark_invoice_issued(query: dict[str, Any], number: str) -> Any:
    """Mark an unpaid invoice as issued; there is no way back.

    409 if the invoice is marked already.
    """
    with change() as session:
        invoice = catalogue.find(session, g.organization_id, number, query.get("supplier_id"))
        return catalogue.mark_issued(session, invoice)

"""Invoices issued while the caller waits."""

from typing import Any

from flask import Response, g
from marshmallow import fields
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.invoices import InvoiceBody, invoice_request
from api.http.documents import PDF, attachment
from api.http.fields import Choice, Day, Flag
from api.http.idempotency import Answer, once
from api.http.problems import Refused, invalid, unavailable
from api.http.schema import CamelSchema, Query
from db.transaction import transaction
from domain.invoices import catalogue, generation, printing
from domain.invoices.request import InvoiceRequest
from domain.pdf.rendering import RendererBusy, RenderingFailed

generation_api = Blueprint("invoice generation", __name__, description="Invoices issued while the caller waits.")


class Generated(CamelSchema):
    status = Choice("issued", "unpaid")
    message = fields.String()
    invoice_number = fields.String()
    issue_date = Day()


class NoParameters(Query):
    pass


class InterfaceParameters(Query):
    unpaid = Flag(query=True, load_default=False, description="true leaves the invoice unpaid.")


@generation_api.route("/api/v1/invoices/generate", "invoices:issue", methods=["POST"])
@generation_api.arguments(NoParameters(), location="query")
@generation_api.arguments(InvoiceBody())
@generation_api.response(200, Generated)
@generation_api.alt_response(200, content_type=PDF, schema={"type": "string", "format": "binary"})
@generation_api.refuses(429)
@generation_api.idempotent
def issue_invoice(query: dict[str, Any], body: dict[str, Any]) -> Response:
    """Issue an invoice: answer its number, or its PDF.

    The number is taken and the invoice is stored in one commit. A refused request takes no number. A client that is
    given by its details is found by taxId, then vatId: see `client`.
    """
    request = invoice_request(g.organization_id, body)
    return _pages(request) if body["response_type"] == "pdf" else _number(request)


@generation_api.route("/invoices/generate", "invoices:issue", methods=["POST"])
@generation_api.arguments(InterfaceParameters(), location="query")
@generation_api.arguments(InvoiceBody())
@generation_api.response(200, Generated)
@generation_api.idempotent
def issue_invoice_for_interface(query: dict[str, Any], body: dict[str, Any]) -> Response:
    """Issue an invoice from the user interface, which may leave it unpaid.

    As `issueInvoice`, at the address that user interfaces use. It answers the number only.
    """
    if body["response_type"] != "number":
        raise invalid({"responseType": ["must be number here"]})
    return _number(invoice_request(g.organization_id, body, query["unpaid"]))


def _number(request: InvoiceRequest) -> Response:
    def work(session: Session) -> Answer:
        issued = generation.issue_one(session, request)
        body = Generated().dump(issued) | {"message": "invoice generated"}
        return Answer(200, body, target=_place(issued))

    return once(work).response()


def _pages(request: InvoiceRequest) -> Response:
    """Issue only what has been printed once: a template that cannot print costs no number."""

    def work(session: Session) -> Answer:
        issued = generation.issue_one(session, request)
        return Answer(200, {"id": issued.id, "number": issued.invoice_number}, target=_place(issued))

    answer = once(work, prepare=lambda: _rehearse(request))
    with transaction() as session:
        invoice = catalogue.get(session, g.organization_id, answer.body["id"])
        html = printing.html(session, printing.content(invoice))
    try:
        return answer.mark(attachment(invoice, printing.pdf(g.organization_id, html)))
    except RenderingFailed:
        number = answer.body["number"]
        raise unavailable(
            f"invoice {number} is issued, but not printed now: GET /api/v1/invoices/{number}/pdf",
            invoiceNumber=number,
        ) from None


def _rehearse(request: InvoiceRequest) -> None:
    try:
        printing.rehearse(request)
    except RendererBusy:
        raise
    except RenderingFailed as failure:
        raise Refused(400, f"the invoice cannot be printed: {failure.detail}") from None


def _place(issued: generation.Issued) -> str:
    return f"/api/v1/invoices/{issued.invoice_number}"

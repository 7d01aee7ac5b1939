"""Invoices: found, shown with their pages, and issued."""

from typing import Any

from flask import Response, g, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

import settings
from api.http.bodies.invoices import PAYMENT, CreditBody, PaymentBody, invoice_request
from api.http.bodies.mail import InvoiceMailBody
from api.http.changes import change
from api.http.documents import XML, attachment, written_as_it_was_issued
from api.http.security import POLICY
from api.http.shares import heavy
from console import access, drafts
from console.forms import chosen_day, chosen_id, decimal, filled_in, integer, loaded, once
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from console.words import gettext as _
from db.transaction import report, transaction
from domain import tax
from domain.einvoices import hybrid
from domain.einvoices.syntax import CII, SYNTAXES, require_installed, xml
from domain.identity.quotas import quotas
from domain.invoices import catalogue, crediting, generation, payments, printing
from domain.invoices.crediting import CreditLine, CreditRequest
from domain.invoices.request import CREDIT_NOTE, CREDIT_SERIES
from domain.mail import sending
from domain.parties import clients, suppliers
from domain.pdf.rendering import RenderingFailed

invoices_pages = Pages("invoices", __name__)
MAX_SUPPLIERS, MAX_PAYMENTS, MAX_FOUND = 200, 200, 20
DUE, QUANTITY = "due", "quantity-"
PAYMENT_BODY, CREDIT_BODY, MAIL_BODY = PaymentBody(), CreditBody(), InvoiceMailBody()
# The pages of an invoice are shown within a page of ours, and nowhere else.
FRAMED = {POLICY: "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"}


@invoices_pages.page("/invoices", "invoices:read")
@heavy
def list_invoices():
    """Show the invoices that match, newest first."""
    with report() as session:
        found = listed(catalogue.heads(session, g.organization_id, _filters(), after(), ROWS + 1))
        known = suppliers.page(session, g.organization_id, 0, MAX_SUPPLIERS)
    names = {one.id: one.name for one in known}
    return render_template("invoices.html", invoices=found, suppliers=names, balance=payments.balance)


@invoices_pages.page("/invoices/<row_id:invoice_id>", "invoices:read")
def show_invoice(invoice_id: int):
    """Show one invoice: what it says, what is paid, and what can be done with it."""
    with transaction() as session:
        invoice = catalogue.get(session, g.organization_id, invoice_id)
        paid = payments.page(session, invoice, 0, MAX_PAYMENTS)
        left = {} if invoice.document_type == CREDIT_NOTE else crediting.left(session, invoice)
    return render_template(
        "invoice.html",
        invoice=invoice,
        payments=paid,
        balance=payments.balance(invoice),
        left={number: quantity for number, quantity in left.items() if quantity},
        groups=tax.breakdown(invoice.items),
        syntaxes=[(one, one.upper()) for one in SYNTAXES],
        sends_mail=bool(settings.current().mail_from),
    )


@invoices_pages.page("/invoices/<row_id:invoice_id>/pdf", "invoices:read")
def print_invoice(invoice_id: int) -> Response:
    """Show the pages of an invoice; `save` has a browser save them, `data` has its XML in them."""
    with_data = "data" in request.args
    if with_data:
        require_installed()
    with transaction() as session:
        invoice = catalogue.get(session, g.organization_id, invoice_id)
        content = printing.content(invoice)
        html = printing.html(session, content)
    try:
        pages = printing.pdf(g.organization_id, html)
    except RenderingFailed as failed:
        told = _("It is not printed now: %(why)s. Try again in a moment.") % {"why": failed.detail}
        return Response(told, 503, FRAMED, mimetype="text/plain")
    with written_as_it_was_issued():
        pages = hybrid.bind(content, pages) if with_data else pages
    response = attachment(invoice, pages, shown="save" not in request.args)
    response.headers.update(FRAMED)
    return response


@invoices_pages.page("/invoices/<row_id:invoice_id>/xml", "invoices:read")
@heavy
def show_invoice_as_xml(invoice_id: int) -> Response:
    """Download an invoice as an e-invoice of EN 16931."""
    syntax = request.args.get("syntax")
    with transaction() as session:
        invoice = catalogue.get(session, g.organization_id, invoice_id)
        content = printing.content(invoice)
    with written_as_it_was_issued():
        return attachment(invoice, xml(content, syntax if syntax in SYNTAXES else CII), XML)


@invoices_pages.page("/invoices/new", "invoices:issue")
def show_draft():
    """Show the form of a new invoice, with what it comes to."""
    with transaction() as session:
        known = suppliers.page(session, g.organization_id, 0, MAX_SUPPLIERS)
        supplier = next((one for one in known if one.id == drafts.chosen("supplierId")), known[0] if known else None)
        client_id, search = drafts.chosen("clientId"), drafts.search()
        found = list(clients.page(session, g.organization_id, 0, MAX_FOUND, search)) if search else []
        if client_id and client_id not in {one.id for one in found}:
            found.append(clients.get(session, g.organization_id, client_id))
    return render_template(
        "invoice_draft.html",
        suppliers=known,
        supplier=supplier,
        found=found,
        client_id=client_id,
        search=search,
        lines=drafts.lines(),
        priced=drafts.priced(supplier) if supplier else None,
        categories={code: _(word) for code, word in drafts.CATEGORIES.items()},
        series=[(one.code, one.code) for one in supplier.series if one.code != CREDIT_SERIES] if supplier else [],
    )


@invoices_pages.act("/invoices/draft", "invoices:issue", back=show_draft)
def draft_invoice() -> Any:
    """Show the form again, with a line more or less, or the clients that were looked for; nothing is kept."""
    return show_draft()


@invoices_pages.act("/invoices/new", "invoices:issue", back=show_draft)
def issue_invoice() -> Answer:
    """Issue the invoice of the form, once, however often it is sent."""
    wanted = invoice_request(g.organization_id, drafts.body(), unpaid="unpaid" in request.form)
    made = once(lambda session: {"id": generation.issue_one(session, wanted).id})
    return lead_to("invoices.show_invoice", "issued", invoice_id=made["id"])


@invoices_pages.act("/invoices/<row_id:invoice_id>/mark-issued", "invoices:issue", back=show_invoice)
def mark_invoice_issued(invoice_id: int) -> Answer:
    """Mark an unpaid invoice as issued."""
    with change() as session:
        catalogue.mark_issued(session, catalogue.get(session, g.organization_id, invoice_id))
    return lead_to("invoices.show_invoice", "saved", invoice_id=invoice_id)


@invoices_pages.act("/invoices/<row_id:invoice_id>/payments", "invoices:issue", back=show_invoice)
def record_payment(invoice_id: int) -> Answer:
    """Record what was received for an invoice, or given back."""
    given = filled_in("type", "paidOn", "reference") | {"amount": decimal(request.form.get("amount", ""))}
    body = loaded(PAYMENT_BODY, given)
    amount = body["amount"] if body["type"] == PAYMENT else -body["amount"]

    def record(session: Session) -> dict[str, Any]:
        invoice = catalogue.get(session, g.organization_id, invoice_id)
        return {"id": payments.record(session, invoice, amount, body.get("paid_on"), body.get("reference")).id}

    once(record)
    return lead_to("invoices.show_invoice", "paid", invoice_id=invoice_id)


@invoices_pages.act("/invoices/<row_id:invoice_id>/credit", "invoices:credit", back=show_invoice)
def credit_invoice(invoice_id: int) -> Answer:
    """Credit an invoice: the quantities that the form names, or all that is left."""
    access.require_confirmed(request.form.get("password", ""))
    quantities = {name.removeprefix(QUANTITY): text for name, text in request.form.items() if name.startswith(QUANTITY)}
    lines = [{"lineNumber": integer(n), "quantity": decimal(text)} for n, text in quantities.items() if text.strip()]
    body = loaded(CREDIT_BODY, filled_in("reason", "issueDate") | ({"lines": lines} if lines else {}))
    asked = tuple(CreditLine(**line) for line in body.get("lines", ()))
    wanted = CreditRequest(g.organization_id, invoice_id, body["reason"], asked, body.get("issue_date"))

    def credit(session: Session) -> dict[str, Any]:
        quotas.admit_invoices(session, g.organization_id, 1)
        return {"id": crediting.issue(session, wanted).id}

    return lead_to("invoices.show_invoice", "credited", invoice_id=once(credit)["id"])


@invoices_pages.act("/invoices/<row_id:invoice_id>/send", "invoices:issue", back=show_invoice)
def send_invoice(invoice_id: int) -> Answer:
    """Send an invoice by mail, to those whom the form names."""
    given = filled_in("syntax", "message") | {"to": request.form.get("to", "").replace(",", " ").split()}
    body = loaded(MAIL_BODY, given)

    def send(session: Session) -> dict[str, Any]:
        invoice = catalogue.get(session, g.organization_id, invoice_id)
        number, supplier_id = invoice.invoice_number, invoice.supplier_id
        return {"id": sending.send_invoice(session, g.organization_id, number, supplier_id=supplier_id, **body).id}

    return lead_to("mails.show_mail", "sent", mail_id=once(send)["id"])


def _filters() -> catalogue.Filters:
    """Return the filters of the page; an unknown word filters nothing."""
    status = request.args.get("status")
    return catalogue.Filters(
        status="unpaid" if status == "unpaid" else None,
        search=request.args.get("q", "").strip()[:200] or None,
        supplier_id=chosen_id("supplier"),
        client_id=chosen_id("client"),
        first=chosen_day("from"),
        last=chosen_day("to"),
        is_due=status == DUE or None,
    )

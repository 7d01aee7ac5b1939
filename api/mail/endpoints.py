"""Mails: invoices and notes, sent through the installation's relay, and what became of each."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.mail import InvoiceMailBody, MailBody
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, page, place
from api.invoices.issued import WhoseNumber
from api.mail.schemas import Mail, MailPage
from db.transaction import transaction
from domain.mail import catalogue, sending
from domain.mail.sending import Attachment

PATH = "/api/v1/mails"
mail_api = Blueprint("mail", __name__, description="Mails that bring invoices to clients, and what became of each.")


@mail_api.route(PATH, "invoices:issue", methods=["POST"])
@mail_api.arguments(MailBody())
@mail_api.response(202, Mail)
@mail_api.refuses(404, 409, 429)
@mail_api.idempotent
def send_mail(body: dict[str, Any]) -> Response:
    """Send a mail, with invoices if you like: once accepted, it is sent at least once.

    It comes from the address of this installation, in the supplier's name; answers go to the supplier's own address.
    What the relay has not taken is tried again for a day; what it refuses for good is not. 409 if this installation
    sends no mail.
    """
    attachments = [Attachment(**one) for one in body.pop("attachments", ())]
    return _accepted(lambda session: sending.send(session, g.organization_id, attachments=attachments, **body))


@mail_api.route("/api/v1/invoices/<invoice_number:number>/send", "invoices:issue", methods=["POST"])
@mail_api.arguments(WhoseNumber(), location="query")
@mail_api.arguments(InvoiceMailBody(), required=False)
@mail_api.response(202, Mail)
@mail_api.refuses(404, 409, 429)
@mail_api.idempotent
def send_invoice(query: dict[str, Any], body: dict[str, Any], number: str) -> Response:
    """Send an invoice or credit note to its client by mail, in the language of the invoice.

    The PDF comes along, and XML where the supplier sends e-invoices: beside it (`ubl`) or in it (`facturx`). 400 if the
    client has no address and none is given; 409 if this installation sends no mail.
    """
    return _accepted(lambda session: sending.send_invoice(session, g.organization_id, number, **query, **body))


@mail_api.route(PATH, "mails:read")
@mail_api.arguments(MailPage(), location="query")
@mail_api.response(200, Mail(many=True), headers=LINK)
def list_mails(query: dict[str, Any]) -> Any:
    """List mails, newest first, each with what the relay said of its recipients.

    They are kept for a year, or as long as the operator keeps failed jobs.
    """
    with transaction() as session:
        rows = catalogue.page(session, g.organization_id, query.get("status"), *place(query))
        return page(rows, query, Mail())


@mail_api.route(f"{PATH}/<row_id:mail_id>", "mails:read")
@mail_api.response(200, Mail)
@mail_api.refuses(404)
def show_mail(mail_id: int) -> Any:
    """Show one mail, with what the relay said of its recipients.

    What the relay has taken may still come back later: such a mail goes to the address of this installation.
    """
    with transaction() as session:
        return catalogue.get(session, g.organization_id, mail_id)


@mail_api.route(f"{PATH}/<row_id:mail_id>/retry", "invoices:issue", methods=["POST"])
@mail_api.response(202, Mail)
@mail_api.refuses(404, 409)
@mail_api.idempotent
def retry_mail(mail_id: int) -> Response:
    """Send a mail again to those who have not got it, under the same Message-ID, or now if it waits.

    409 if all have got it, or while it is being sent.
    """

    def work(session: Session) -> Answer:
        return _answer(sending.retry(session, g.organization_id, mail_id))

    return once(work).response()


def _accepted(owe: Any) -> Response:
    def work(session: Session) -> Answer:
        return _answer(catalogue.get(session, g.organization_id, owe(session).id))

    return once(work).response()


def _answer(mail: Any) -> Answer:
    return Answer(202, Mail().dump(mail), {"Location": f"{PATH}/{mail.id}"})

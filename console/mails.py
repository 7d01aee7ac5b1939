"""Mails that were sent: what the relay said of each recipient, and a way to send one again."""

from datetime import datetime
from typing import Any

from flask import g, render_template
from werkzeug.wrappers import Response

from api.http.changes import change
from console.codes import told
from console.lists import ROWS, after, chosen, listed
from console.pages import Pages, lead_to
from console.subjects import address
from db.transaction import report
from domain.mail import catalogue, sending
from domain.mail.catalogue import Status

mails_pages = Pages("mails", __name__)


@mails_pages.page("/mails", "mails:read")
def list_mails():
    """Show the mails that match, newest first."""
    status = chosen("status", Status)
    with report() as session:
        found = listed(catalogue.page(session, g.organization_id, status, after(), ROWS + 1))
    return render_template("mails.html", mails=found, statuses=[(one.value, told(one)) for one in Status])


@mails_pages.page("/mails/<row_id:mail_id>", "mails:read")
def show_mail(mail_id: int):
    """Show a mail, and what the relay said of each recipient."""
    with report() as session:
        mail = catalogue.get(session, g.organization_id, mail_id)
    recipients = [_timed(one) for one in mail.recipients]
    return render_template("mail.html", mail=mail, recipients=recipients, invoice=lambda id: address("invoiceId", id))


@mails_pages.act("/mails/<row_id:mail_id>/retry", "invoices:issue", back=show_mail)
def retry_mail(mail_id: int) -> Response:
    """Send a mail again to those who have not got it, or now if it waits."""
    with change() as session:
        sending.retry(session, g.organization_id, mail_id)
    return lead_to("mails.show_mail", "sent-again", mail_id=mail_id)


def _timed(recipient: dict[str, Any]) -> dict[str, Any]:
    return {**recipient, "at": recipient["at"] and datetime.fromisoformat(recipient["at"])}

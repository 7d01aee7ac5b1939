"""Mails are owed here: a row and the job that sends it, if and when the transaction of the caller commits."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

import settings
from db import outbox
from db.models import Invoice, Mail, Supplier
from db.queries import run
from domain.einvoices import conformity
from domain.einvoices.syntax import SYNTAXES, require_installed
from domain.errors import Conflict, Invalid, NotFound, say
from domain.identity.quotas import OverQuota
from domain.invoices import catalogue as invoices
from domain.invoices import printing
from domain.jobs.admission import admission
from domain.jobs.submission import enqueue
from domain.mail import addresses, catalogue, sealing, templates
from domain.mail.catalogue import Shown, Status

KIND = "mail.send"
PDF, HYBRID = "pdf", "facturx"
FORMATS = (PDF, HYBRID, *SYNTAXES)
MAX_RECIPIENTS, MAX_ATTACHMENTS, LONGEST_TEXT = 20, 10, 20_000
COME_AGAIN_S = 3600
NO_ADDRESS = "the client of this invoice has no e-mail address: say where it goes by `to`"


class Attachment(NamedTuple):
    """An invoice in one of FORMATS; `supplier_id` is needed when two suppliers have issued the same number."""

    invoice_number: str
    format: str = PDF
    supplier_id: int | None = None


def send(
    session: Session,
    organization_id: int,
    *,
    to: Sequence[str],
    subject: str,
    text: str,
    supplier_id: int | None = None,
    attachments: Sequence[Attachment] = (),
) -> Mail:
    """Owe a mail that says `text`, in the name of a supplier or else of the organization; return it.

    Raise Invalid, NotFound, OverQuota, TooManyWaiting, or Conflict if this installation sends no mail or, having no
    master key, cannot keep the text.
    """
    if not subject.strip() or len(subject) > templates.LONGEST_SUBJECT:
        raise Invalid.fields(
            {"subject": [say("must have %(least)s to %(most)s characters", least=1, most=templates.LONGEST_SUBJECT)]}
        )
    supplier = _supplier(session, organization_id, supplier_id)
    fields = {
        "supplier_id": supplier_id,
        "template": templates.MESSAGE,
        "locale_code": supplier.locale_code if supplier else "en",
        "subject": subject,
        "attachments": [_attached(session, organization_id, one) for one in attachments],
    }
    return _owe(session, organization_id, to, fields, text, None)


def send_invoice(
    session: Session,
    organization_id: int,
    invoice_number: str,
    *,
    supplier_id: int | None = None,
    to: Sequence[str] | None = None,
    syntax: str | None = None,
    message: str | None = None,
) -> Mail:
    """Owe the mail that brings an invoice to its client, or to the addresses given by `to`; return it.

    The PDF comes along, with XML in the `syntax` asked for, or as the supplier sends e-invoices. Raise as `send` does.
    """
    invoice = invoices.find(session, organization_id, invoice_number, supplier_id)
    if not to and not invoice.client.get("email"):
        raise Invalid.sentence(NO_ADDRESS, "to")
    formats = _formats(session, organization_id, invoice, syntax)
    content = printing.content(invoice)
    fields = {
        "supplier_id": invoice.supplier_id,
        "template": templates.INVOICE,
        "parameters": {"invoice_id": invoice.id},
        "locale_code": invoice.locale_code,
        "subject": templates.subject_of_invoice(content),
        "attachments": [_reference(invoice, one) for one in formats],
    }
    return _owe(session, organization_id, to or [invoice.client["email"]], fields, message, invoice.client_id)


def retry(session: Session, organization_id: int, mail_id: int) -> Shown:
    """Have a mail that waits be sent now, or send it again to those who were refused or given up on; return it.

    Its Message-ID stays the same. Raise NotFound, or Conflict if it was sent to all, or is being sent.
    """
    addresses.of_installation()
    found = select(Mail).where(Mail.organization_id == organization_id, Mail.id == mail_id).with_for_update()
    mail = session.scalar(found)
    if mail is None:
        raise NotFound("mail not found")
    if mail.status == Status.SENT:
        raise Conflict("the mail was sent to all of its recipients")
    if mail.job_id is not None and outbox.hasten(session, mail.job_id):
        return catalogue.get(session, organization_id, mail_id)
    if catalogue.get(session, organization_id, mail_id).status == Status.QUEUED:
        raise Conflict("the mail is being sent")
    anew = {"status": Status.QUEUED, "code": None, "answer": None, "at": None}
    [known] = sealing.recipients(session, organization_id, [mail])
    sealing.keep(session, mail, [one if one["status"] == Status.SENT else one | anew for one in known])
    mail.status, mail.error = Status.QUEUED, None
    _owe_job(session, mail)
    return catalogue.get(session, organization_id, mail_id)


def _owe(
    session: Session,
    organization_id: int,
    to: Sequence[str],
    fields: dict[str, Any],
    text: str | None,
    client_id: int | None,
) -> Mail:
    domain = addresses.of_installation().rpartition("@")[2]
    recipients = _recipients(to)
    addresses.require_one_line(fields["subject"], "subject")
    if text and len(text) > LONGEST_TEXT:
        raise Invalid.fields({"message": [f"must not be longer than {LONGEST_TEXT:,} characters"]})
    if len(fields["attachments"]) > MAX_ATTACHMENTS:
        raise Invalid.fields({"attachments": [f"must not be more than {MAX_ATTACHMENTS}"]})
    _admit(session, organization_id)
    client_id = sealing.concerned(session, organization_id, client_id, to)
    mail = Mail(organization_id=organization_id, client_id=client_id, recipients=[], message_id="", **fields)
    session.add(mail)
    session.flush()
    # With chance in it: of two databases, or of one that was restored, both may have a mail of this id.
    mail.message_id = f"<mail-{mail.id}.{secrets.token_hex(8)}@{domain}>"
    sealing.keep(session, mail, recipients)
    if text:
        sealing.keep_message(session, mail, text)
    _owe_job(session, mail)
    session.refresh(mail)
    return mail


def _owe_job(session: Session, mail: Mail) -> None:
    payload = {"mailId": mail.id, "tenantId": mail.organization_id}
    [mail.job_id] = enqueue(session, mail.organization_id, KIND, [(str(mail.id), payload)])
    session.flush()


def _recipients(to: Sequence[str]) -> list[dict[str, Any]]:
    for one in to:
        addresses.require_one_line(one, "to")
    known = addresses.distinct(to)
    if not 1 <= len(known) <= MAX_RECIPIENTS:
        raise Invalid.fields({"to": [say("must hold 1 to %(most)s addresses", most=MAX_RECIPIENTS)]})
    return [{"address": one, "status": Status.QUEUED, "code": None, "answer": None, "at": None} for one in known]


def _admit(session: Session, organization_id: int) -> None:
    admission.admit(session, organization_id)
    most = settings.current().max_mails_per_day
    [counted] = run(session, "count_mails", organization_id=organization_id, limit=most)
    if counted.count >= most:
        told = f"your organization may send {most:,} mails in 24 hours: send this later, or ask for more"
        raise OverQuota("mails-per-day", told, COME_AGAIN_S)


def _supplier(session: Session, organization_id: int, supplier_id: int | None) -> Supplier | None:
    if supplier_id is None:
        return None
    found = select(Supplier).where(Supplier.organization_id == organization_id, Supplier.id == supplier_id)
    supplier = session.scalar(found)
    if supplier is None:
        raise Invalid.sentence("supplier not found", "supplierId")
    return supplier


def _attached(session: Session, organization_id: int, one: Attachment) -> dict[str, Any]:
    if one.format not in FORMATS:
        raise Invalid.fields({"attachments": [f"must have a format of: {', '.join(FORMATS)}"]})
    if one.format != PDF:
        require_installed()
    return _reference(invoices.find(session, organization_id, one.invoice_number, one.supplier_id), one.format)


def _reference(invoice: Invoice, format: str) -> dict[str, Any]:
    return {"invoice_id": invoice.id, "invoice_number": invoice.invoice_number, "format": format}


def _formats(session: Session, organization_id: int, invoice: Invoice, syntax: str | None) -> list[str]:
    if syntax is not None and syntax not in SYNTAXES:
        raise Invalid.fields({"syntax": [f"must be one of: {', '.join(SYNTAXES)}"]})
    supplier = _supplier(session, organization_id, invoice.supplier_id)
    kind = supplier.e_invoice if supplier else conformity.NONE
    if syntax or kind != conformity.NONE:
        require_installed()
    if syntax:
        return [PDF, syntax]
    return {conformity.NONE: [PDF], HYBRID: [HYBRID]}.get(kind, [PDF, kind])

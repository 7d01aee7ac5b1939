"""Where it is shown what an event, or the result of an action, is about: by the name of the field that has its id."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask import url_for

from console.pages import PERMISSIONS, may_open
from console.words import gettext as _

# By field: the page, and the name of its argument.
PAGES = {
    "jobId": ("jobs.show_job", "job_id"),
    "mailId": ("mails.show_mail", "mail_id"),
    "mailboxId": ("mailboxes.show_mailbox", "mailbox_id"),
    "webhookId": ("webhooks.show_webhook", "webhook_id"),
    "automationId": ("automations.show_automation", "automation_id"),
    "billId": ("bills.show_bill", "bill_id"),
    "invoiceId": ("invoices.show_invoice", "invoice_id"),
    "transferId": ("transfers.show_transfer", "transfer_id"),
    "saleId": ("sales.show_sale", "sale_id"),
    "purchaseId": ("purchases.show_purchase", "purchase_id"),
    "creditedInvoiceId": ("invoices.show_invoice", "invoice_id"),
    "supplierId": ("suppliers.show_supplier", "supplier_id"),
}


class Subject(NamedTuple):
    """One thing that something is about: the field that names it, its id, and the page that shows it, if any may."""

    field: str
    id: int
    url: str | None


def subjects(data: Mapping[str, Any]) -> Iterator[Subject]:
    """Yield each thing that `data` names by an id."""
    for name, value in data.items():
        if name in PAGES and isinstance(value, int):
            yield Subject(told(name), value, address(name, value))


def address(field: str, id: int) -> str | None:
    """Return the page of the thing of that id, None where there is none or the caller may not open it."""
    endpoint, argument = PAGES[field]
    place: dict[str, Any] = {argument: id}
    return url_for(endpoint, **place) if endpoint in PERMISSIONS and may_open(endpoint) else None


def told(field: str) -> str:
    """Return what a field names, in words."""
    return {
        "jobId": _("Job"), "mailId": _("Mail"), "mailboxId": _("Mailbox"), "webhookId": _("Webhook"),
        "automationId": _("Automation"), "billId": _("Bill"), "transferId": _("Transfer"), "saleId": _("Sale"),
        "purchaseId": _("Purchase"), "invoiceId": _("Invoice"), "creditedInvoiceId": _("Credited invoice"),
        "supplierId": _("Supplier"),
    }[field]  # fmt: skip

"""Every type of event, declared here alone; whoever subscribes names types, or a family of them."""

import re
from collections.abc import Iterable

INVOICE_ISSUED, INVOICE_CREDITED = "invoice.issued", "invoice.credited"
MARKED_ISSUED = "invoice.marked_issued"
JOB_COMPLETED = "job.completed"
BILL_PROCESSED, BILL_NEEDS_REVIEW, BILL_FAILED = "bill.processed", "bill.needs_review", "bill.failed"
BILL_APPROVED, BILL_REJECTED, BILL_REOPENED = "bill.approved", "bill.rejected", "bill.reopened"
MAIL_SENT, MAIL_REFUSED = "mail.sent", "mail.refused"
MAILBOX_FAILING = "mailbox.failing"
AUTOMATION_DISABLED = "automation.disabled"
PINGED, FAILING, DISABLED = "webhook.pinged", "webhook.failing", "webhook.disabled"
# What each says; a transfer, sale or purchase that has been moved tells of it as NOUN.STATUS.
TYPES = {
    INVOICE_ISSUED: "An invoice has its number.",
    INVOICE_CREDITED: "A credit note has its number.",
    MARKED_ISSUED: "An unpaid invoice was marked as issued.",
    "invoice_request.failed": "No invoice or credit note comes of a request.",
    JOB_COMPLETED: "A job of several steps has done them all.",
    "job.failed": "A job has failed, and is not tried again.",
    "job.cancelled": "A job was cancelled.",
    "transfer.sent": "All goods of a transfer have left.",
    "transfer.completed": "All goods of a transfer have arrived.",
    "sale.completed": "All goods of a sale have left.",
    "purchase.approved": "All goods of a purchase have come in.",
    BILL_PROCESSED: "A bill was read, and all of it is certain.",
    BILL_NEEDS_REVIEW: "A bill was read, and somebody has to look at what is not certain.",
    BILL_FAILED: "A bill could not be read.",
    BILL_APPROVED: "A bill was approved and is booked.",
    BILL_REJECTED: "A bill was rejected.",
    BILL_REOPENED: "What was decided about a bill was taken back; it is booked no more.",
    MAIL_SENT: "The relay has taken a mail for all of its recipients.",
    MAIL_REFUSED: "The relay has refused a mail for good, for one recipient at least.",
    MAILBOX_FAILING: "A mailbox could not be read for one day, or for three.",
    PINGED: "Somebody asked for this event to see that a webhook works.",
    FAILING: "No delivery to a webhook has succeeded for one day, or for three.",
    DISABLED: "A webhook was disabled, as no delivery to it succeeded or its receiver said so.",
    AUTOMATION_DISABLED: "An automation was disabled, as its runs failed or whoever wrote it may act no more.",
}
# Another name of a type, which is taken and shown as that type.
ALIASES = {"entry.approved": BILL_APPROVED}
FAMILIES = sorted({f"{name.partition('.')[0]}.*" for name in TYPES})
ALL = "*"
# A type, a family such as `invoice.*`, or all.
PATTERN = re.compile(r"\*|[a-z_]+\.(\*|[a-z_]+)")


def is_known(pattern: str) -> bool:
    """Return whether events of that type, or of that family, are ever told."""
    return pattern == ALL or pattern in TYPES or pattern in FAMILIES


def matches(patterns: Iterable[str], name: str) -> bool:
    """Return whether an event of the type `name` is one of those that `patterns` ask for."""
    return any(one in (ALL, name) or (one.endswith(".*") and name.startswith(one[:-1])) for one in patterns)

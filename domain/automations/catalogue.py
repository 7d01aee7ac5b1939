"""What each type of event says, as fields that conditions and parameters may use; a form can be drawn from it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from domain.events import types


class FieldType(StrEnum):
    """What a field holds: a time has its offset, a day is YYYY-MM-DD, a number is exact."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    DAY = "day"
    TIME = "time"


class Op(StrEnum):
    """How a condition compares."""

    IS = "is"
    IS_NOT = "isNot"
    CONTAINS = "contains"
    AT_LEAST = "atLeast"
    AT_MOST = "atMost"
    IN = "in"


ORDERED = (Op.IS, Op.IS_NOT, Op.AT_LEAST, Op.AT_MOST, Op.IN)
OPS: Mapping[FieldType, tuple[Op, ...]] = {
    FieldType.TEXT: (Op.IS, Op.IS_NOT, Op.CONTAINS, Op.IN),
    FieldType.NUMBER: ORDERED,
    FieldType.INTEGER: ORDERED,
    FieldType.DAY: ORDERED,
    FieldType.TIME: ORDERED,
}
# A value of each type: parameters are tried with it as an automation is made.
SAMPLES: Mapping[FieldType, object] = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: 1.5,
    FieldType.INTEGER: 1,
    FieldType.DAY: "2026-01-31",
    FieldType.TIME: "2026-01-31T12:00:00.000Z",
}
TEXT, NUMBER, INTEGER, DAY, TIME = FieldType


class Trigger(NamedTuple):
    """A type of event: its fields, and the one that names what the event is about."""

    fields: Mapping[str, FieldType]
    subject: str


INVOICE = {
    "invoiceId": INTEGER, "invoiceNumber": TEXT, "supplierId": INTEGER, "issueDate": DAY, "currencyCode": TEXT,
    "total": NUMBER, "requestId": INTEGER,
}  # fmt: skip
BILL = {
    "billId": INTEGER, "fileName": TEXT, "supplierName": TEXT, "supplierVatId": TEXT, "invoiceNumber": TEXT,
    "issueDate": DAY, "currencyCode": TEXT, "total": NUMBER,
}  # fmt: skip
JOB = {"jobId": INTEGER, "kind": TEXT}
FAILED_JOB = {**JOB, "error": TEXT}
# Of each type of event but `webhook.pinged`, which is told for one webhook alone.
TRIGGERS: Mapping[str, Trigger] = {
    types.INVOICE_ISSUED: Trigger(INVOICE, "invoiceId"),
    types.INVOICE_CREDITED: Trigger({**INVOICE, "creditedInvoiceId": INTEGER}, "invoiceId"),
    types.MARKED_ISSUED: Trigger({"invoiceId": INTEGER, "invoiceNumber": TEXT}, "invoiceId"),
    "invoice_request.failed": Trigger(FAILED_JOB, "jobId"),
    types.JOB_COMPLETED: Trigger(JOB, "jobId"),
    "job.failed": Trigger(FAILED_JOB, "jobId"),
    "job.cancelled": Trigger(JOB, "jobId"),
    **{
        f"{noun}.{status}": Trigger({f"{noun}Id": INTEGER, f"{noun}Number": TEXT, "jobId": INTEGER}, f"{noun}Id")
        for noun, status in (
            ("transfer", "sent"), ("transfer", "completed"), ("sale", "completed"), ("purchase", "approved"),
        )
    },
    types.BILL_PROCESSED: Trigger(BILL, "billId"),
    types.BILL_NEEDS_REVIEW: Trigger(BILL, "billId"),
    types.BILL_FAILED: Trigger({"billId": INTEGER, "fileName": TEXT, "error": TEXT}, "billId"),
    types.BILL_APPROVED: Trigger(BILL, "billId"),
    types.BILL_REJECTED: Trigger({**BILL, "reason": TEXT}, "billId"),
    types.BILL_REOPENED: Trigger(BILL, "billId"),
    types.MAIL_SENT: Trigger({"mailId": INTEGER, "messageId": TEXT}, "mailId"),
    types.MAIL_REFUSED: Trigger({"mailId": INTEGER, "messageId": TEXT}, "mailId"),
    types.MAILBOX_FAILING: Trigger(
        {"mailboxId": INTEGER, "failingSince": TIME, "days": INTEGER, "error": TEXT}, "mailboxId"
    ),
    types.FAILING: Trigger({"webhookId": INTEGER, "failingSince": TIME, "days": INTEGER}, "webhookId"),
    types.DISABLED: Trigger({"webhookId": INTEGER, "reason": TEXT}, "webhookId"),
    types.AUTOMATION_DISABLED: Trigger({"automationId": INTEGER, "reason": TEXT}, "automationId"),
}  # fmt: skip
EVENT: Mapping[str, object] = {
    "event.id": "0b6c1d6e-6d1f-4a9c-9d0a-6a1c2f3e4d5b",
    "event.type": "invoice.issued",
    "event.sequence": 1,
    "event.createdAt": SAMPLES[TIME],
}
SLOT: Mapping[str, object] = {"slot": SAMPLES[TIME]}


def names(event_type: str | None) -> dict[str, object]:
    """Return what a placeholder may name, each with a sample: the event and its data, or the slot of a schedule."""
    if event_type is None:
        return dict(SLOT)
    fields = TRIGGERS[event_type].fields
    return {**EVENT, **{f"data.{name}": SAMPLES[kind] for name, kind in fields.items()}}

from marshmallow import fields

from api.http.fields import CONTROLS, Choice, Instant, Many, Text, Whole
from api.http.pagination import Page
from api.http.schema import Body, CamelSchema, OptionalBody
from domain.einvoices.syntax import SYNTAXES
from domain.mail.addresses import ADDRESS, LONGEST, MEANT
from domain.mail.catalogue import Status
from domain.mail.sending import FORMATS, LONGEST_TEXT, MAX_ATTACHMENTS, MAX_RECIPIENTS, PDF
from domain.mail.templates import INVOICE, LONGEST_SUBJECT, MESSAGE
from domain.text import INVISIBLE_RANGES

BROKEN = rf"{CONTROLS}\t\n\r\x7f-\x9f\u2028\u2029"
ONE_LINE = rf"^[^{BROKEN}]*[^\s{INVISIBLE_RANGES}][^{BROKEN}]*$"
STATUS_TOLD = (
    "`queued`: for one recipient at least it waits, or is tried again. `sent`: the relay has taken it for all. "
    "`refused`: it was refused for good for one at least. `failed`: given up, with nobody refused."
)
TO_TOLD = "Each gets the mail once, and sees the others."


SHAPE = r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,180}$"


class EmailAddress(Text):
    """An address that every relay takes."""

    def __init__(self) -> None:
        super().__init__(LONGEST, pattern=f"^{ADDRESS}$", meant=MEANT, required=True)
        # What an address looks like: the whole rule is nothing that a reader, or a generator of examples, could follow.
        self.metadata = {**self.metadata, "pattern": SHAPE}


class MailAttachmentBody(Body):
    EXAMPLES = {"A PDF": {"invoiceNumber": "INV-000001"}}

    invoice_number = Text(60, required=True)
    supplier_id = Whole(allow_none=True, description="Needed when two suppliers have issued the same number.")
    format = Choice(
        *FORMATS, load_default=PDF, description="pdf; facturx: the PDF with the XML in it; cii or ubl: XML of EN 16931."
    )


class MailBody(Body):
    EXAMPLES = {
        "A note": {
            "to": ["ada@example.com"],
            "subject": "Closed on Friday",
            "text": "Dear Ada,\n\nwe are closed on Friday.",
        },
        "With an invoice": {
            "to": ["ada@example.com"],
            "subject": "The invoice that you asked for",
            "text": "Dear Ada,\n\nhere it is.",
            "supplierId": 1,
            "attachments": [{"invoiceNumber": "INV-000001"}],
        },
    }

    to = Many(EmailAddress(), 1, MAX_RECIPIENTS, required=True, description=TO_TOLD)
    subject = Text(LONGEST_SUBJECT, pattern=ONE_LINE, meant="be one line that can be seen", required=True)
    text = Text(LONGEST_TEXT, required=True, description="What the mail says; an empty line begins a paragraph.")
    supplier_id = Whole(allow_none=True, description="In whose name it is sent; without one, in the organization's.")
    attachments = Many(fields.Nested(MailAttachmentBody), 0, MAX_ATTACHMENTS, load_default=())


class InvoiceMailBody(OptionalBody):
    EXAMPLES = {
        "To an address, with a word": {"to": ["books@example.com"], "message": "As discussed by telephone."},
    }

    to = Many(EmailAddress(), 1, MAX_RECIPIENTS, description=f"{TO_TOLD} Without it, the client as the invoice has it.")
    syntax = Choice(
        *SYNTAXES, description="XML that comes with the PDF: cii or ubl. Without it, as the supplier's `eInvoice` says."
    )
    message = Text(LONGEST_TEXT, description="A paragraph of yours, between the others.")


class MailPage(Page):
    status = Choice(*Status, description="Only mails that are so. All by default.")


class MailRecipient(CamelSchema):
    """An address, and what the relay answered when it was last asked to take the mail for it."""

    address = fields.String()
    status = Choice(*Status)
    code = fields.Integer(allow_none=True)
    answer = fields.String(allow_none=True)
    at = fields.String(allow_none=True, metadata={"format": "date-time"})


class MailAttached(CamelSchema):
    invoice_number = fields.String()
    format = Choice(*FORMATS)


class Mail(CamelSchema):
    """A mail. What was written in it is kept encrypted, and not shown."""

    id = fields.Integer()
    supplier_id = fields.Integer(allow_none=True)
    recipients = fields.List(fields.Nested(MailRecipient))
    template = Choice(INVOICE, MESSAGE)
    locale_code = fields.String()
    subject = fields.String()
    attachments = fields.List(fields.Nested(MailAttached))
    message_id = fields.String(metadata={"description": "Of its header: the same however often it is sent."})
    status = Choice(*Status, description=STATUS_TOLD)
    error = fields.String(allow_none=True)
    job_id = fields.Integer(metadata={"description": "The job that sends it: the log names it."})
    next_attempt_at = Instant(allow_none=True)
    sent_at = Instant(allow_none=True, description="When the relay first took it, for one recipient at least.")
    created_at = Instant()

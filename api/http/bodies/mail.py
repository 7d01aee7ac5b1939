"""Mails as operations and forms ask for them."""

from marshmallow import fields

from api.http.fields import ONE_LINE, Choice, Many, Text, Whole
from api.http.schema import Body, OptionalBody
from domain.einvoices.syntax import SYNTAXES
from domain.mail.addresses import ADDRESS, LONGEST, MEANT
from domain.mail.sending import FORMATS, LONGEST_TEXT, MAX_ATTACHMENTS, MAX_RECIPIENTS, PDF
from domain.mail.templates import LONGEST_SUBJECT

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

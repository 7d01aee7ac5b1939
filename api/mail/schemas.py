from marshmallow import fields

from api.http.fields import Choice, Instant
from api.http.pagination import Page
from api.http.schema import CamelSchema
from domain.mail.catalogue import Status
from domain.mail.sending import FORMATS
from domain.mail.templates import INVOICE, MESSAGE

STATUS_TOLD = (
    "`queued`: for one recipient at least it waits, or is tried again. `sent`: the relay has taken it for all. "
    "`refused`: it was refused for good for one at least. `failed`: given up, with nobody refused."
)


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

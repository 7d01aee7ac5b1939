from marshmallow import fields

from api.http.fields import Choice, Instant
from api.http.pagination import Page
from api.http.schema import CamelSchema
from domain.mailboxes.mails import Outcome

OUTCOME_TOLD = (
    "`imported`: bills came of it. `filtered`: the filter does not want it. `skipped`: no bill can come of it, or it "
    "was read before. `unreadable`: it cannot be taken apart, or the connection broke at it."
)


class MailboxCounts(CamelSchema):
    """How many mails came to what, of all that were read."""

    imported = fields.Integer()
    filtered = fields.Integer()
    skipped = fields.Integer()
    unreadable = fields.Integer()


class MailboxFilter(CamelSchema):
    from_ = fields.List(fields.String(), data_key="from", attribute="from")
    subject = fields.String(allow_none=True)
    has_attachment = fields.Boolean()


class Mailbox(CamelSchema):
    """A mailbox. What lets us in is not shown."""

    id = fields.Integer()
    name = fields.String()
    host = fields.String()
    port = fields.Integer()
    security = Choice("tls", "starttls")
    user = fields.String(attribute="login")
    auth = Choice("password", "oauth")
    folder = fields.String()
    every_minutes = fields.Integer()
    filter = fields.Nested(MailboxFilter)
    after = fields.String()
    enabled = fields.Boolean()
    last_sync_at = Instant(allow_none=True, description="When all of its mails were read the last time.")
    next_sync_at = Instant(allow_none=True, description="When it is read next; null while it is not enabled.")
    last_error = fields.String(allow_none=True)
    failing_since = Instant(
        allow_none=True, description="After a day, and after three, an event `mailbox.failing` says so."
    )
    uid_validity = fields.Integer(allow_none=True)
    last_uid = fields.Integer(metadata={"description": "The mail up to which it was read."})
    counts = fields.Nested(MailboxCounts)
    created_at = Instant()
    updated_at = Instant()


class MailboxSyncAccepted(CamelSchema):
    job_id = fields.Integer()
    mailbox_id = fields.Integer()
    message = fields.String()


class MailboxMailPage(Page):
    outcome = Choice(*Outcome, description="Only mails of which this came. All by default.")


class MailAttachment(CamelSchema):
    """A file that came with a mail: its bill, or why there is none."""

    name = fields.String()
    type = fields.String(metadata={"description": "What its sender says it is."})
    size = fields.Integer()
    bill_id = fields.Integer(allow_none=True)
    reason = fields.String(allow_none=True)


class MailboxMail(CamelSchema):
    """A mail that was read. `reason` says why no bill came of it."""

    id = fields.Integer()
    uid = fields.Integer()
    uid_validity = fields.Integer()
    message_id = fields.String()
    subject = fields.String()
    sender = fields.String(data_key="from")
    date = Instant(allow_none=True)
    size = fields.Integer()
    outcome = Choice(*Outcome, description=OUTCOME_TOLD)
    reason = fields.String(allow_none=True)
    attachments = fields.List(fields.Nested(MailAttachment))
    created_at = Instant()


class MailPreviewAttachment(CamelSchema):
    name = fields.String()
    type = fields.String()
    size = fields.Integer(metadata={"description": "As it is sent, in base64 for example."})


class MailPreview(CamelSchema):
    """What would come of a mail, and why."""

    uid = fields.Integer()
    subject = fields.String()
    sender = fields.String(data_key="from")
    date = Instant(allow_none=True)
    size = fields.Integer()
    outcome = Choice(*Outcome)
    reason = fields.String(allow_none=True)
    attachments = fields.List(fields.Nested(MailPreviewAttachment))


class MailboxTrial(CamelSchema):
    """Whether the mailbox can be opened, and what would come of its last 50 mails, the newest first."""

    connected = fields.Boolean()
    error = fields.String(allow_none=True)
    uid_validity = fields.Integer(allow_none=True)
    mails_in_folder = fields.Integer(allow_none=True)
    mails = fields.List(fields.Nested(MailPreview))

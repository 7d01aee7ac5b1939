from marshmallow import fields

from api.http.fields import Day, Flag, Instant
from api.http.schema import CamelSchema, Query


class RemovalOptions(Query):
    dry_run = Flag(query=True, load_default=False, description="Only say what would be removed, and what would stay.")


class Removed(CamelSchema):
    """How many rows were removed, or emptied, of each kind. `keys` are those that encrypted what is in old copies."""

    clients = fields.Integer()
    keys = fields.Integer()
    requests = fields.Integer()
    payloads = fields.Integer()
    mails = fields.Integer()
    imported_mails = fields.Integer()
    refused_addresses = fields.Integer()
    answers = fields.Integer()


class Stays(CamelSchema):
    """What stays: `number` of them, if that is known, why, and until when."""

    what = fields.String()
    number = fields.Integer(allow_none=True)
    reason = fields.String()
    until = Day(allow_none=True)


class Removal(CamelSchema):
    client_id = fields.Integer()
    dry_run = fields.Boolean()
    removed = fields.Nested(Removed)
    kept = fields.List(fields.Nested(Stays))


class ExportedClient(CamelSchema):
    """The fields that are set."""

    id = fields.Integer()
    name = fields.String()
    address_line1 = fields.String()
    address_line2 = fields.String()
    city = fields.String()
    region = fields.String()
    postal_code = fields.String()
    country = fields.String()
    tax_id = fields.String()
    vat_id = fields.String()
    email = fields.String()
    phone = fields.String()
    created_at = Instant()
    updated_at = Instant()
    deleted_at = Instant(allow_none=True)
    personal_data_removed_at = Instant(allow_none=True)


class ExportedChange(CamelSchema):
    """Who made or changed the client. A client that nobody made came with a request for an invoice."""

    action = fields.String()
    actor = fields.String()
    actor_name = fields.String()
    at = Instant()


class ExportedInvoice(CamelSchema):
    invoice_number = fields.String()
    issue_date = Day()
    url = fields.String()


class ExportedRequest(CamelSchema):
    """A request that has not become an invoice or a credit note; `data` is what it says of the client."""

    request_id = fields.Integer()
    status = fields.String()
    created_at = Instant()
    data = fields.Dict()


class ExportedMail(CamelSchema):
    mail_id = fields.Integer()
    subject = fields.String()
    recipients = fields.List(fields.String())
    message = fields.String(allow_none=True)
    created_at = Instant()
    sent_at = Instant(allow_none=True)


class ImportedMail(CamelSchema):
    """A mail that came from the client's address to one of the organization's mailboxes."""

    sender = fields.String()
    subject = fields.String()
    date = Instant(allow_none=True)
    attachments = fields.List(fields.String())


class PersonalData(CamelSchema):
    exported_at = Instant()
    client = fields.Nested(ExportedClient)
    changes = fields.List(fields.Nested(ExportedChange))
    invoices = fields.List(fields.Nested(ExportedInvoice))
    requests = fields.List(fields.Nested(ExportedRequest))
    mails = fields.List(fields.Nested(ExportedMail))
    imported_mails = fields.List(fields.Nested(ImportedMail))

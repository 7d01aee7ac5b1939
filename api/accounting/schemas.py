from marshmallow import fields

from api.http.fields import Amount, Choice, Day, Flag, Instant, Many, Text, Whole
from api.http.pagination import CURSOR_MEANT, Page
from api.http.schema import Body, CamelSchema, OptionalBody
from api.jobs.schemas import STATUSES
from domain.accounting.sources import TYPES

MAX_DOCUMENTS = 1000


class DocumentBody(Body):
    EXAMPLES = {"An invoice": {"type": "invoice", "id": 1}}

    type = Choice(*TYPES, required=True)
    id = Whole(required=True)


class RecreationBody(Body):
    EXAMPLES = {"The entry of an invoice": {"documents": [*DocumentBody.EXAMPLES.values()]}}

    documents = Many(fields.Nested(DocumentBody), 1, MAX_DOCUMENTS, required=True)


class Recreated(CamelSchema):
    """A document whose entry is made anew, and the job that does it."""

    type = Choice(*TYPES)
    id = fields.Integer()
    version = fields.Integer()
    job_id = fields.Integer()
    status = Choice(*STATUSES)
    entries = fields.Integer(metadata={"description": "0 when the document comes to nothing, or has changed again"})


class RecreationAccepted(CamelSchema):
    job_ids = fields.List(fields.Integer())
    documents = fields.Integer()
    message = fields.String()


class SyncBody(OptionalBody):
    EXAMPLES = {"All types": {}}

    types = Many(Choice(*TYPES), 1, len(TYPES), load_default=TYPES)
    cursor = Text(40, pattern=f"^({'|'.join(TYPES)}):[1-9][0-9]{{0,17}}$", meant=CURSOR_MEANT)


class SyncAccepted(CamelSchema):
    documents = fields.Integer()
    jobs = fields.Integer()
    remaining = fields.Boolean(metadata={"description": "There is more than one call takes: call again with cursor"})
    cursor = fields.String(allow_none=True)


class Account(CamelSchema):
    code = fields.String()
    name = fields.String()
    type = Choice("asset", "liability", "income", "expense")


class EntryPage(Page):
    document_type = Choice(*TYPES, attribute="source_type", description="Only entries of documents of this type.")
    document_id = Whole(
        query=True, attribute="source_id", description="Only entries of the document with this id; give its type too."
    )
    deleted = Flag(query=True, load_default=False, description="true also lists entries that were replaced.")


class JournalLine(CamelSchema):
    line_number = fields.Integer()
    account_code = fields.String()
    location_id = fields.Integer(allow_none=True)
    debit = Amount(15, 4, required=True)
    credit = Amount(15, 4, required=True)


class Entry(CamelSchema):
    id = fields.Integer()
    document_type = Choice(*TYPES, attribute="source_type")
    document_id = fields.Integer(attribute="source_id")
    version = fields.Integer()
    entry_date = Day()
    currency_code = fields.String()
    lines = fields.List(fields.Nested(JournalLine))
    created_at = Instant()
    deleted_at = Instant(allow_none=True)


class Sums(CamelSchema):
    currency_code = fields.String()
    debit = fields.Decimal(metadata={"type": "number"})
    credit = fields.Decimal(metadata={"type": "number"})
    balance = fields.Decimal(metadata={"type": "number", "description": "Debit less credit"})


class AccountSums(Sums, Account):
    pass


class TrialBalance(CamelSchema):
    accounts = fields.List(fields.Nested(AccountSums))
    totals = fields.List(fields.Nested(Sums))

from decimal import Decimal
from typing import Any

from marshmallow import fields

from api.http.fields import Amount, Choice, Day, Instant
from api.http.pagination import Page
from api.http.schema import CamelSchema
from domain.bills.content import FIELDS, ORIGINS, public_name
from domain.bills.duplicates import AMOUNT, NUMBER
from domain.bills.intake import MAILBOX, UPLOAD
from domain.bills.status import Status

ORIGIN_TOLD = (
    "Where the value comes from: the e-invoice in the file (`xml`), the text of its pages, their pictures (`ocr`), a "
    "language model, or a person."
)
BOX_TOLD = "Where it stands on the page: left, top, right and bottom, as fractions of its width and height."
DUPLICATES_TOLD = "Other bills that may be the same invoice: of one supplier, with its number, or its total of one day."


class BillPage(Page):
    status = Choice(*Status, description="Only bills that are so. All by default.")


class BillField(CamelSchema):
    confidence = fields.Float(metadata={"description": "From 0 to 1."})
    origin = Choice(*ORIGINS, description=ORIGIN_TOLD)
    page = fields.Integer(allow_none=True)
    box = fields.List(fields.Float(), allow_none=True, metadata={"minItems": 4, "maxItems": 4, "description": BOX_TOLD})
    reason = fields.String(metadata={"description": "Why it is believed, or doubted."})


class ReadAmount(Amount):
    """An amount that is kept as text."""

    def __init__(self) -> None:
        super().__init__(15, 4)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Decimal | None:
        return None if value is None else Decimal(value)


class BillTax(CamelSchema):
    rate = ReadAmount()
    base = ReadAmount()
    tax = ReadAmount()


class BillLine(CamelSchema):
    description = fields.String()
    quantity = ReadAmount()
    unit_price = ReadAmount()
    tax_rate = ReadAmount()
    total = ReadAmount()


class FoundText(BillField):
    value = fields.String(allow_none=True)


class FoundDay(BillField):
    value = fields.String(allow_none=True, metadata={"format": "date"})


class FoundAmount(BillField):
    value = ReadAmount()


class FoundTaxes(BillField):
    value = fields.List(fields.Nested(BillTax), allow_none=True)


class FoundLines(BillField):
    value = fields.List(fields.Nested(BillLine), allow_none=True)


class BillFields(CamelSchema):
    """What is known of a bill; a field of which nothing is known is left out."""

    supplier_name = fields.Nested(FoundText)
    supplier_vat_id = fields.Nested(FoundText)
    supplier_tax_id = fields.Nested(FoundText)
    iban = fields.Nested(FoundText)
    invoice_number = fields.Nested(FoundText)
    issue_date = fields.Nested(FoundDay)
    due_date = fields.Nested(FoundDay)
    currency_code = fields.Nested(FoundText)
    subtotal = fields.Nested(FoundAmount)
    tax_total = fields.Nested(FoundAmount)
    total = fields.Nested(FoundAmount)
    taxes = fields.Nested(FoundTaxes)
    lines = fields.Nested(FoundLines)


class BillCheck(CamelSchema):
    """A check of the fields. One that does not pass asks for review."""

    name = fields.String()
    passed = fields.Boolean()
    says = fields.String()
    fields_ = fields.Function(
        lambda check: [public_name(name) for name in check["fields"]],
        data_key="fields",
        metadata={"type": "array", "items": {"type": "string", "enum": [public_name(name) for name in FIELDS]}},
    )


class BillDuplicate(CamelSchema):
    bill_id = fields.Integer()
    status = Choice(*Status)
    same = Choice(NUMBER, AMOUNT)


class BillHead(CamelSchema):
    """A bill without its fields."""

    id = fields.Integer()
    status = Choice(*Status)
    message = fields.String(allow_none=True, metadata={"description": "Why it is in error, or was rejected."})
    job_id = fields.Integer(metadata={"description": "The job that reads it, or the last that did."})
    file_name = fields.String()
    source = Choice(UPLOAD, MAILBOX)
    page_count = fields.Integer(allow_none=True)
    supplier_name = fields.Function(lambda bill: _value(bill, "supplier_name"), metadata={"type": ["string", "null"]})
    invoice_number = fields.Function(lambda bill: _value(bill, "invoice_number"), metadata={"type": ["string", "null"]})
    issue_date = Day(allow_none=True)
    currency_code = fields.String(allow_none=True)
    total = Amount(15, 4, "0")
    account_code = fields.String(allow_none=True)
    decided_at = Instant(allow_none=True, description="When it was approved or rejected.")
    created_at = Instant()
    updated_at = Instant()


def _value(bill: Any, name: str) -> Any:
    return (bill.fields.get(name) or {}).get("value")


class Bill(BillHead):
    """An invoice that the organization has received."""

    sha256 = fields.Function(lambda bill: bill.sha256.hex(), metadata={"type": "string"})
    fields_ = fields.Nested(BillFields, attribute="fields", data_key="fields")
    checks = fields.List(fields.Nested(BillCheck))
    duplicates = fields.List(fields.Nested(BillDuplicate), metadata={"description": DUPLICATES_TOLD})


class BillAccepted(CamelSchema):
    bill_id = fields.Integer()
    job_id = fields.Integer()
    status = Choice(*Status)
    message = fields.String()


class FileLink(CamelSchema):
    url = fields.String(metadata={"description": "A path of this API, or an address of the storage."})

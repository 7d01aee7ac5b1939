from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields
from stdnum import iban

from api.http.fields import Amount, Choice, Day, Flag, Instant, Many, Rate, SignedAmount, Text
from api.http.pagination import Page
from api.http.schema import Body, CamelSchema, OptionalBody
from api.parties.schemas import printed
from domain.bills.content import FIELDS, ORIGINS, public_name
from domain.bills.duplicates import AMOUNT, NUMBER
from domain.bills.intake import MAILBOX, UPLOAD
from domain.bills.status import Status
from domain.errors import Invalid
from domain.money import smallest_unit

MAX_TAXES, MAX_LINES, MAX_REASON = 20, 1000, 500
PUT_RIGHT_TOLD = "Fields that are left out stay as they are."
ABSENT_TOLD = "Fields that the bill does not have, whatever was read there."
ORIGIN_TOLD = (
    "Where the value comes from: the e-invoice in the file (`xml`), the text of its pages, their pictures (`ocr`), a "
    "language model, or a person."
)
BOX_TOLD = "Where it stands on the page: left, top, right and bottom, as fractions of its width and height."
DUPLICATES_TOLD = "Other bills that may be the same invoice: of one supplier, with its number, or its total of one day."


def check_iban(value: str) -> None:
    """Refuse what is no IBAN."""
    if not iban.is_valid(value):
        raise ValidationError("must be an IBAN: its checksum does not hold")


def check_currency(value: str) -> None:
    """Refuse what is no currency of today."""
    try:
        smallest_unit(value)
    except Invalid as refused:
        raise ValidationError(str(refused)) from None


def amount(**options: Any) -> SignedAmount:
    """Return a field for an amount, below zero on a credit note."""
    return SignedAmount(15, 4, **options)


class BillTaxBody(Body):
    EXAMPLES = {"20 %": {"rate": "0.2", "base": "100.00", "tax": "20.00"}}

    rate = Rate(required=True)
    base = amount(required=True)
    tax = amount(required=True)


class BillLineBody(Body):
    EXAMPLES = {"Paper": {"description": "Paper", "quantity": "10", "unitPrice": "5.00", "total": "50.00"}}

    description = printed(500, required=True)
    quantity = SignedAmount(9, 4)
    unit_price = amount()
    tax_rate = Rate()
    total = amount(required=True)


class BillFieldsBody(Body):
    EXAMPLES = {"The number and the total": {"invoiceNumber": "2026-0117", "total": "120.00"}}

    supplier_name = printed(200)
    supplier_vat_id = Text(50)
    supplier_tax_id = Text(50)
    iban = Text(42, check=check_iban)
    invoice_number = Text(100)
    issue_date = Day(allow_none=True)
    due_date = Day(allow_none=True)
    currency_code = Text(3, check=check_currency)
    subtotal = amount()
    tax_total = amount()
    total = amount()
    taxes = Many(fields.Nested(BillTaxBody), 0, MAX_TAXES, allow_none=True)
    lines = Many(fields.Nested(BillLineBody), 0, MAX_LINES, allow_none=True)
    absent = Many(Choice(*map(public_name, FIELDS)), 0, len(FIELDS), allow_none=True, description=ABSENT_TOLD)


class ApprovalBody(OptionalBody):
    EXAMPLES = {"As the supplier's last bill": {}, "As travel": {"accountCode": "6500"}}

    confirm_duplicate = Flag(load_default=False, description="It is no duplicate, though it looks like another bill.")
    account_code = Text(
        20, description="The account of the expense. By default that of the supplier's last bill, or 6000."
    )


class RejectionBody(Body):
    EXAMPLES = {"Not ours": {"reason": "It is addressed to another company"}}

    reason = Text(MAX_REASON, required=True, description="Why, for those who ask later.")


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

"""Bills as operations and forms take them: put right, approved, rejected."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from stdnum import iban

from api.http.bodies.parties import currency, printed
from api.http.fields import Choice, Day, Flag, Many, Rate, SignedAmount, Text
from api.http.schema import Body, OptionalBody
from domain.bills.content import FIELDS, public_name

MAX_TAXES, MAX_LINES, MAX_REASON = 20, 1000, 500
ABSENT_TOLD = "Fields that the bill does not have, whatever was read there."


def check_iban(value: str) -> None:
    """Refuse what is no IBAN."""
    if not iban.is_valid(value):
        raise ValidationError("must be an IBAN: its checksum does not hold")


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
    currency_code = currency()
    subtotal = amount()
    tax_total = amount()
    total = amount()
    taxes = Many(fields.Nested(BillTaxBody), 0, MAX_TAXES, allow_none=True)
    lines = Many(fields.Nested(BillLineBody), 0, MAX_LINES, allow_none=True)
    absent = Many(Choice(*map(public_name, FIELDS)), 0, len(FIELDS), allow_none=True, description=ABSENT_TOLD)

    @validates_schema
    def _is_there_or_absent(self, data: dict[str, Any], **_: Any) -> None:
        absent = data.get("absent") or ()
        both = [name for name in FIELDS if data.get(name) is not None and public_name(name) in absent]
        if both:
            told = "does not go together with its name in absent: send one of them"
            raise ValidationError({public_name(name): [told] for name in both})


class ApprovalBody(OptionalBody):
    EXAMPLES = {"As the supplier's last bill": {}, "As travel": {"accountCode": "6500"}}

    confirm_duplicate = Flag(load_default=False, description="It is no duplicate, though it looks like another bill.")
    account_code = Text(
        20, description="The account of the expense. By default that of the supplier's last bill, or 6000."
    )


class RejectionBody(Body):
    EXAMPLES = {"Not ours": {"reason": "It is addressed to another company"}}

    reason = Text(MAX_REASON, required=True, description="Why, for those who ask later.")

from functools import partial

from marshmallow import ValidationError, fields

from api.http.fields import Instant, Rate, Spoken, Text, Whole
from api.http.pagination import Page
from api.http.schema import Body, CamelSchema, Query
from domain.errors import Invalid
from domain.money import smallest_unit
from domain.parties.suppliers import locale_exists
from domain.pdf.fonts import undrawable_in
from domain.text import INVISIBLE_RANGES

SHORT, LONG = 60, 200
EMAIL_PART = rf"[^@\s{INVISIBLE_RANGES}]{{1,100}}"
EMAIL = rf"^{EMAIL_PART}@{EMAIL_PART}$"
# A prefix stands in file names, headers and addresses.
PREFIX = r"^([A-Za-z0-9_-][A-Za-z0-9._-]{0,19})?$"
GRACE = {
    "name": "Grace Instruments", "addressLine1": "1 Navy Yard", "city": "Arlington", "country": "US",
    "taxId": "US-98-7654321",
}  # fmt: skip


def check_currency(code: str) -> None:
    """Raise the ValidationError for a code that ISO 4217 does not know."""
    try:
        smallest_unit(code)
    except Invalid as refused:
        raise ValidationError(Spoken(refused)) from None


def check_locale(code: str) -> None:
    """Raise the ValidationError for a locale in which nothing can be written."""
    if not locale_exists(code):
        raise ValidationError("is not a known locale")


def currency() -> Text:
    """Return a field for a currency of ISO 4217."""
    return Text(3, check=check_currency)


def optional() -> fields.String:
    """Return a field that is null when it is not set."""
    return fields.String(dump_default=None, allow_none=True)


def check_drawable(text: str) -> None:
    if told := undrawable_in(text):
        raise ValidationError(told)


printed = partial(Text, check=check_drawable)


class PartyBody(Body):
    name = printed(LONG, required=True)
    address_line1 = printed(LONG, required=True)
    address_line2 = printed(LONG)
    city = printed(LONG, required=True)
    region = printed(LONG)
    postal_code = printed(SHORT)
    country = printed(LONG, required=True)
    tax_id = printed(SHORT)
    vat_id = printed(SHORT)
    email = printed(LONG, pattern=EMAIL)
    phone = printed(SHORT)


class ClientBody(PartyBody):
    EXAMPLES = {"Grace Instruments": GRACE}


class SupplierBody(PartyBody):
    EXAMPLES = {
        "Counterfoil Demo Ltd": {
            "name": "Counterfoil Demo Ltd", "addressLine1": "1 Ledger Street", "city": "Dublin", "country": "IE",
            "vatId": "IE1234567T", "currencyCode": "EUR",
        },
    }  # fmt: skip

    invoice_prefix = Text(20, pattern=PREFIX, blank="")
    invoice_number_digits = Whole(1, 18, allow_none=True)
    invoice_start_number = Whole(1, 10**12, allow_none=True)
    locale_code = Text(20, check=check_locale)
    currency_code = currency()
    default_tax_rate = Rate()
    default_template_id = Whole(allow_none=True)


class PartySnapshot(CamelSchema):
    """A party as an invoice keeps it: all fields, those that are not set null."""

    name = fields.String()
    address_line1 = fields.String()
    address_line2 = optional()
    city = fields.String()
    region = optional()
    postal_code = optional()
    country = fields.String()
    tax_id = optional()
    vat_id = optional()
    email = optional()
    phone = optional()


class Client(PartySnapshot):
    id = fields.Integer()
    created_at = Instant()
    updated_at = Instant()


class Supplier(Client):
    invoice_prefix = fields.String(attribute="series.prefix")
    invoice_number_digits = fields.Integer(attribute="series.digits")
    invoice_start_number = fields.Integer(attribute="series.start_number")
    locale_code = fields.String()
    currency_code = fields.String()
    default_tax_rate = Rate(required=True)
    default_template_id = fields.Integer(allow_none=True)


class Identity(Query):
    tax_id = Text(SHORT, description="The client's tax id, in any spelling.")
    vat_id = Text(SHORT, description="The client's VAT id, in any spelling.")


class Search(Page):
    q = Text(LONG, required=True, shortest=2, description="A part of the name, tax id, VAT id or e-mail.")

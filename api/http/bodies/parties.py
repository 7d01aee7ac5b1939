"""Suppliers and clients as operations and forms take them."""

from functools import partial

from marshmallow import ValidationError, fields
from stdnum import bic, iban

from api.http.fields import Choice, Many, Rate, Spoken, Text, Whole
from api.http.schema import Body, camel_case
from db.models import PARTY_FIELDS
from domain.einvoices import conformity
from domain.errors import Invalid
from domain.invoices.series import CHRONOLOGIES, MAX_SERIES, RESTARTS
from domain.money import smallest_unit
from domain.parties.suppliers import locale_exists
from domain.pdf.fonts import undrawable_in
from domain.tax import ROUNDINGS
from domain.text import INVISIBLE_RANGES

SHORT, LONG = 60, 200
SERIES_RULE = (
    "The series in which its invoices are numbered, each without a gap: that of code `invoice`, which `invoicePrefix`, "
    "`invoiceNumberDigits` and `invoiceStartNumber` mean too, that of code `credit` for credit notes, and others. One "
    "that is not named stays as it is. One that is named keeps its restart and chronology where they are left out; its "
    "pattern, digits and start number become the default again."
)
E_INVOICE_RULE = (
    "none: no rules are asked. ubl: each invoice and credit note must keep the rules of EN 16931 in UBL. facturx: in "
    "UBL and in CII. One that breaks a rule is refused with 400 and takes no number. An invoice issued with none can "
    "be had as XML too, if its data allow that: each country, for example, must be known."
)
EMAIL_PART = rf"[^@\s{INVISIBLE_RANGES}]{{1,100}}"
EMAIL = rf"^{EMAIL_PART}@{EMAIL_PART}$"
# What a number begins with stands in file names, headers and addresses.
PART = r"\{YYYY\}|\{YY\}|\{MM\}|[A-Za-z0-9_-]"
PREFIX = rf"^(({PART})({PART}|\.){{0,19}})?$"
PREFIX_RULE = "What stands before the number. {YYYY}, {YY} and {MM} stand for the year and month of the invoice's date."
PREFIX_MEANT = (
    "be up to 20 of the letters A to Z, digits, _, -, dots after the first, {YYYY}, {YY} and {MM}, such as INV-{YYYY}-"
)
SERIES_CODE = r"^[A-Za-z0-9_-]{1,20}$"
CODE_MEANT = "be up to 20 letters A to Z, digits, _ and -"
LINK = r"^https://[!-~]{1,190}$"
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
    email = printed(LONG, pattern=EMAIL, meant="be one e-mail address")
    phone = printed(SHORT)


PARTY_NAMES = tuple(map(camel_case, PARTY_FIELDS))


def check_iban(number: str) -> None:
    if not iban.is_valid(number):
        raise ValidationError("must be an IBAN whose check digits are right")


def check_bic(code: str) -> None:
    if not bic.is_valid(code):
        raise ValidationError("must be a BIC of 8 or 11 characters")


class SeriesBody(Body):
    EXAMPLES = {"A series of its own for exports": {"code": "export", "pattern": "EX-{YYYY}-", "restart": "yearly"}}

    code = Text(
        20,
        required=True,
        pattern=SERIES_CODE,
        meant=CODE_MEANT,
        description="What an invoice names as its `seriesCode`.",
    )
    pattern = Text(60, pattern=PREFIX, meant=PREFIX_MEANT, blank="", description=PREFIX_RULE)
    digits = Whole(1, 18, allow_none=True)
    start_number = Whole(
        1, 10**12, allow_none=True, description="The first number. Moving here, send your last number plus one."
    )
    restart = Choice(
        *RESTARTS, allow_none=True, description="yearly: the first invoice of each following year has number 1."
    )
    chronology = Choice(
        *CHRONOLOGIES,
        allow_none=True,
        description="strict: no invoice is dated after today or before the last one. warn: each may have any date, and "
        "the audit names those that are dated before the one with the number before. In a series that restarts yearly "
        "no invoice is dated after the current year.",
    )


class ClientBody(PartyBody):
    EXAMPLES = {"Grace Instruments": GRACE}


class SupplierBody(PartyBody):
    EXAMPLES = {
        "Counterfoil Demo Ltd": {
            "name": "Counterfoil Demo Ltd", "addressLine1": "1 Ledger Street", "city": "Dublin", "country": "IE",
            "vatId": "IE1234567T", "currencyCode": "EUR",
        },
    }  # fmt: skip

    invoice_prefix = Text(60, pattern=PREFIX, meant=PREFIX_MEANT, blank="", description=PREFIX_RULE)
    invoice_number_digits = Whole(1, 18, allow_none=True)
    invoice_start_number = Whole(1, 10**12, allow_none=True)
    locale_code = Text(20, check=check_locale)
    currency_code = currency()
    default_tax_rate = Rate()
    default_template_id = Whole(allow_none=True)
    series = Many(fields.Nested(SeriesBody), 0, MAX_SERIES, allow_none=True, description=SERIES_RULE)
    tax_rounding = Choice(
        *ROUNDINGS,
        allow_none=True,
        description="line: each line's tax is rounded. document: that of each category and rate, once.",
    )
    e_invoice = Choice(
        *conformity.E_INVOICES,
        load_default=conformity.NONE,
        allow_none=True,
        description=E_INVOICE_RULE,
    )
    time_zone = Text(60, description="Says which day it is when an invoice is issued: Europe/Sofia. UTC by default.")
    iban = Text(42, check=check_iban)
    bic = Text(11, check=check_bic)
    payment_link = Text(
        198,
        pattern=LINK,
        meant="begin with https:// and have no white space",
        description="Where an invoice can be paid: https://...",
    )
    payment_terms = printed(500)

from marshmallow import fields

from api.http.bodies.parties import LONG, SHORT
from api.http.fields import Choice, Day, Instant, Rate, Text
from api.http.pagination import Page
from api.http.schema import CamelSchema, Query
from domain.einvoices import conformity
from domain.invoices.series import CHRONOLOGIES, RESTARTS
from domain.tax import ROUNDINGS


def optional() -> fields.String:
    """Return a field that is null when it is not set."""
    return fields.String(dump_default=None, allow_none=True)


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


class Series(CamelSchema):
    code = fields.String()
    pattern = fields.String()
    digits = fields.Integer()
    start_number = fields.Integer()
    restart = Choice(*RESTARTS)
    chronology = Choice(*CHRONOLOGIES)
    last_number = fields.Integer()
    last_date = Day(allow_none=True)


class Supplier(Client):
    invoice_prefix = fields.String(attribute="invoice_series.pattern")
    invoice_number_digits = fields.Integer(attribute="invoice_series.digits")
    invoice_start_number = fields.Integer(attribute="invoice_series.start_number")
    locale_code = fields.String()
    currency_code = fields.String()
    default_tax_rate = Rate(required=True)
    default_template_id = fields.Integer(allow_none=True)
    series = fields.List(fields.Nested(Series))
    tax_rounding = Choice(*ROUNDINGS)
    e_invoice = Choice(*conformity.E_INVOICES)
    time_zone = fields.String()
    iban = optional()
    bic = optional()
    payment_link = optional()
    payment_terms = optional()


class Identity(Query):
    tax_id = Text(SHORT, description="The client's tax id, in any spelling.")
    vat_id = Text(SHORT, description="The client's VAT id, in any spelling.")


class Search(Page):
    q = Text(LONG, required=True, shortest=2, description="A part of a name, tax id or VAT id, or a whole e-mail.")

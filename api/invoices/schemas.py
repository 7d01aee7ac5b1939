from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.http.fields import Amount, Choice, Day, Instant, Many, Rate, Spoken, Text, Whole
from api.http.schema import Body, CamelSchema
from api.parties.schemas import PartyBody, PartySnapshot, currency
from domain.invoices.request import InvoiceRequest, Item

CLIENT_REQUIRED = Spoken("client.id or client details (name, addressLine1, city, country) required")
CLIENT_RULE = (
    "A client by its id, or by its details. Details are matched by taxId, then by vatId, whatever their spelling "
    "(letter case, spaces, dots, dashes); companies that share a vatId are told apart by taxId. If none matches, a new "
    "client is created. Address, email and phone go on this invoice as sent. If the legal name or the taxId is "
    "another than that of the client found, the answer is 409 (a queued request fails) and says which clientId to send."
)
MAX_ITEMS = 1000
CLIENT = {
    "name": "Ada Analytics", "addressLine1": "12 Engine Row", "city": "London", "country": "GB", "vatId": "GB123456789",
}  # fmt: skip


class ItemBody(Body):
    EXAMPLES = {"Support": {"description": "Support, hours", "quantity": "2.5", "unitPrice": "80", "taxRate": "0.20"}}

    description = Text(1000, required=True)
    quantity = Amount(9, 4, "0.0001", required=True)
    unit_price = Amount(12, 6, required=True)
    discount = Amount(12, 4)
    tax_rate = Rate()


class KnownClient(Body):
    EXAMPLES = {"By its id": {"id": 1}}

    error_messages = {"unknown": "is not known here, or not together with client.id"}

    id = Whole(required=True)


class ClientDetails(PartyBody):
    EXAMPLES = {"Ada Analytics": CLIENT}

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        super().on_bind_field(field_name, field_obj)
        field_obj.error_messages["required"] = CLIENT_REQUIRED


class ClientField(fields.Field[dict[str, Any]]):
    """A client by its id, or by its details."""

    def __init__(self) -> None:
        documented = [{"$ref": f"#/components/schemas/{name}"} for name in ("KnownClient", "ClientDetails")]
        super().__init__(required=True, metadata={"anyOf": documented, "description": CLIENT_RULE})
        self._known, self._details = KnownClient(), ClientDetails()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError(CLIENT_REQUIRED)
        given = {name: part for name, part in value.items() if part is not None}
        return (self._known if "id" in given else self._details).load(given)


class InvoiceBody(Body):
    EXAMPLES = {
        "A client by its details": {"supplierId": 1, "client": CLIENT, "items": [*ItemBody.EXAMPLES.values()]},
    }

    supplier_id = Whole(required=True)
    client = ClientField()
    items = Many(fields.Nested(ItemBody), 1, MAX_ITEMS, required=True)
    response_type = Choice("number", "pdf", load_default="number")
    issue_date = Day(allow_none=True)
    due_date = Day(allow_none=True)
    currency_code = currency()
    notes = Text(5000)

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        super().on_bind_field(field_name, field_obj)
        if field_name == "client":
            field_obj.error_messages |= {"required": CLIENT_REQUIRED, "null": CLIENT_REQUIRED}

    @validates_schema(skip_on_field_errors=False)
    def check_dates(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        issued, due = data.get("issue_date"), data.get("due_date")
        if issued and due and due < issued:
            raise ValidationError(Spoken("due_date must not be before issue_date"), "dueDate")


def invoice_request(organization_id: int, body: Mapping[str, Any], unpaid: bool = False) -> InvoiceRequest:
    """Return the domain's request for a loaded InvoiceBody."""
    terms = {name: value for name, value in body.items() if name not in ("items", "response_type")}
    items = tuple(Item(**item) for item in body["items"])
    return InvoiceRequest(organization_id=organization_id, items=items, unpaid=unpaid, **terms)


class InvoiceItem(CamelSchema):
    line_number = fields.Integer()
    description = fields.String()
    quantity = Amount(12, 4, required=True)
    unit_price = Amount(12, 6, required=True)
    discount = Amount(12, 4, required=True)
    tax_rate = Rate(required=True)
    line_subtotal = Amount(12, 4, required=True)
    line_tax = Amount(12, 4, required=True)
    line_total = Amount(12, 4, required=True)


class Hash(fields.Field[bytes]):
    """The invoice's link in the chain of its series, as hexadecimal digits."""

    def __init__(self) -> None:
        told = "Proves the invoice and all before it: keep it, and compare it by `numbering/verify`."
        super().__init__(metadata={"type": "string", "pattern": "^[0-9a-f]{64}$", "description": told})

    def _serialize(self, value: bytes | None, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return bytes(value or b"").hex()


class Invoice(CamelSchema):
    """An invoice as it was issued; supplier and client as they were then."""

    id = fields.Integer()
    invoice_number = fields.String()
    invoice_number_int = fields.Integer(attribute="number")
    issue_date = Day()
    due_date = Day(allow_none=True)
    locale_code = fields.String()
    currency_code = fields.String()
    status = Choice("issued", "unpaid")
    supplier_id = fields.Integer()
    client_id = fields.Integer()
    supplier = fields.Nested(PartySnapshot)
    client = fields.Nested(PartySnapshot)
    subtotal = Amount(12, 4, required=True)
    tax_total = Amount(12, 4, required=True)
    total = Amount(12, 4, required=True)
    notes = fields.String(allow_none=True)
    items = fields.List(fields.Nested(InvoiceItem))
    hash = Hash()
    created_at = Instant()
    updated_at = Instant()

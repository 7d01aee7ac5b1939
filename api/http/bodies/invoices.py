"""Invoices, payments and credit notes as operations and forms ask for them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.http.bodies.parties import CODE_MEANT, SERIES_CODE, SHORT, PartyBody, check_locale, currency, printed
from api.http.fields import Amount, Choice, Day, Many, Rate, Spoken, Text, Whole
from api.http.schema import Body
from domain.invoices.request import SERIES, InvoiceRequest, Item
from domain.invoices.terms import REQUESTED
from domain.tax import CATEGORIES

CLIENT_REQUIRED = Spoken("client.id or client details (name, addressLine1, city, country) required")
CLIENT_RULE = (
    "A client by its id, or by its details. Details are matched by taxId, then by vatId, whatever their spelling "
    "(letter case, spaces, dots, dashes); companies that share a vatId are told apart by taxId. If none matches, a new "
    "client is created. Address, email and phone go on this invoice as sent. If the legal name or the taxId is "
    "another than that of the client found, the answer is 409 (a queued request fails) and says which clientId to send."
)
CATEGORY_RULE = (
    "As EN 16931 has it (UNCL5305): S standard rate, Z zero rated, E exempt, AE reverse charge, K intra-Community "
    "supply, G export, O outside the scope of tax. All but S have the rate 0. If it is left out: S, or Z if the rate "
    "is 0."
)
WHY_EXEMPT = (
    "Why a line of category E, AE, K, G or O has no tax. If it is left out: the usual words of that category, in the "
    "language of the invoice."
)
UNIT = r"^[A-Z0-9]{2,3}$"
UNIT_MEANT = "be 2 or 3 capital letters or digits, such as HUR for hours"
MAX_ITEMS = 1000
PAYMENT, REFUND = "payment", "refund"
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
    tax_category = Choice(*CATEGORIES, allow_none=True, description=CATEGORY_RULE)
    exemption_reason = Text(200, description=WHY_EXEMPT)
    unit_code = Text(
        3,
        pattern=UNIT,
        meant=UNIT_MEANT,
        description="The unit of the quantity: a code of UN/ECE 20 or 21, HUR for hours.",
    )
    item_id = Text(60, description="The supplier's own number for what is sold.")


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


class DeliveryPeriodBody(Body):
    EXAMPLES = {"A month": {"start": "2026-01-01", "end": "2026-01-31"}}

    start = Day(required=True)
    end = Day(required=True)

    @validates_schema
    def check_order(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data["end"] < data["start"]:
            raise ValidationError("must not be before start", "end")


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
    locale_code = Text(
        20, check=check_locale, description="Whose language and formats the print has; else the supplier's."
    )
    series_code = Text(
        20,
        load_default=SERIES,
        pattern=SERIES_CODE,
        meant=CODE_MEANT,
        description="In which series of the supplier.",
    )
    delivery_date = Day(allow_none=True, description="When the goods or services were supplied, if not on issueDate.")
    delivery_period = fields.Nested(
        DeliveryPeriodBody, allow_none=True, metadata={"description": "Instead of deliveryDate."}
    )
    purchase_order_number = Text(SHORT, description="The buyer's order.")
    buyer_reference = Text(SHORT, description="By which the buyer routes the invoice, a Leitweg-ID for example.")
    contract_number = Text(SHORT)
    payment_terms = Text(500, description="Instead of the supplier's.")
    payment_reference = Text(140, description="What to quote with a payment; the invoice's number if it is left out.")

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        super().on_bind_field(field_name, field_obj)
        if field_name == "client":
            field_obj.error_messages |= {"required": CLIENT_REQUIRED, "null": CLIENT_REQUIRED}

    @validates_schema(skip_on_field_errors=False)
    def check_dates(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        issued, due = data.get("issue_date"), data.get("due_date")
        if issued and due and due < issued:
            raise ValidationError(Spoken("due_date must not be before issue_date"), "dueDate")

    @validates_schema
    def check_delivery(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data.get("delivery_date") and data.get("delivery_period"):
            raise ValidationError("does not go together with deliveryDate", "deliveryPeriod")


class PaymentBody(Body):
    EXAMPLES = {"A part": {"amount": "10.00", "paidOn": "2026-01-31", "reference": "statement 7"}}

    amount = Amount(12, 4, "0.0001", required=True)
    type = Choice(PAYMENT, REFUND, load_default=PAYMENT, description="A refund is given back, out of what was paid.")
    paid_on = Day(allow_none=True, description="Today, where the supplier is, if it is left out.")
    reference = Text(140)


class CreditLineBody(Body):
    EXAMPLES = {"A half": {"lineNumber": 1, "quantity": "0.5"}}

    line_number = Whole(required=True, description="The `lineNumber` of the invoice's line.")
    quantity = Amount(
        9, 4, "0.0001", required=True, description="How much of that line is taken back, in its own unit."
    )


class CreditBody(Body):
    EXAMPLES = {"All that is left": {"reason": "Ordered twice"}}

    reason = printed(500, required=True, description="Why it is credited, as the credit note says it.")
    lines = Many(
        fields.Nested(CreditLineBody),
        1,
        MAX_ITEMS,
        description="The lines to credit. Without it, all that is left of the invoice.",
    )
    issue_date = Day(allow_none=True)


def invoice_request(organization_id: int, body: Mapping[str, Any], unpaid: bool = False) -> InvoiceRequest:
    """Return the domain's request for a loaded InvoiceBody."""
    own = {name: value for name, value in body.items() if name not in ("items", "response_type", *REQUESTED)}
    items = tuple(Item(**item) for item in body["items"])
    terms = {name: _json(body[name]) for name in REQUESTED if name in body}
    return InvoiceRequest(organization_id=organization_id, items=items, unpaid=unpaid, terms=terms, **own)


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _json(part) for name, part in value.items()}
    return value.isoformat() if isinstance(value, date) else value

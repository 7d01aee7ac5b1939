"""Products, locations, transfers, sales and purchases as operations and forms take them."""

from marshmallow import fields

from api.http.fields import Amount, Many, Rate, Text, Whole
from api.http.schema import Body, OptionalBody
from domain.inventory.steps import MAX_NOTES_LENGTH

MAX_SKU_LENGTH, MAX_NAME_LENGTH = 60, 200
MAX_LINES = 1000


def lines(line: type[Body]) -> Many:
    """Return the field for a document's lines: one at least, 1,000 at most."""
    return Many(fields.Nested(line), 1, MAX_LINES, required=True)


class ProductBody(Body):
    EXAMPLES = {"Tea": {"sku": "TEA-250", "name": "Tea, 250 g"}}

    sku = Text(MAX_SKU_LENGTH, required=True)
    name = Text(MAX_NAME_LENGTH, required=True)


class LocationBody(Body):
    EXAMPLES = {"Main warehouse": {"name": "Main warehouse"}, "City shop": {"name": "City shop"}}

    name = Text(MAX_NAME_LENGTH, required=True)


class LineBody(Body):
    EXAMPLES = {"Twelve pieces": {"productId": 1, "quantity": "12"}}

    product_id = Whole(required=True)
    quantity = Amount(9, 4, "0.0001", required=True)


class SaleLineBody(LineBody):
    EXAMPLES = {"Two pieces": {"productId": 1, "quantity": "2", "unitPrice": "5.90", "taxRate": "0.20"}}

    unit_price = Amount(12, 6, required=True)
    tax_rate = Rate()


class PurchaseLineBody(LineBody):
    EXAMPLES = {"Forty pieces": {"productId": 1, "quantity": "40", "unitCost": "3.10"}}

    unit_cost = Amount(12, 6, required=True)


class TransferBody(Body):
    EXAMPLES = {
        "Tea for the shop": {"fromLocationId": 1, "toLocationId": 2, "lines": [*LineBody.EXAMPLES.values()]},
    }

    from_location_id = Whole(required=True)
    to_location_id = Whole(required=True)
    lines = lines(LineBody)
    notes = Text(MAX_NOTES_LENGTH)


class SaleBody(Body):
    EXAMPLES = {"Two teas": {"locationId": 1, "lines": [*SaleLineBody.EXAMPLES.values()]}}

    location_id = Whole(required=True)
    lines = lines(SaleLineBody)
    notes = Text(MAX_NOTES_LENGTH)


class PurchaseBody(Body):
    EXAMPLES = {"Forty teas": {"locationId": 1, "lines": [*PurchaseLineBody.EXAMPLES.values()]}}

    location_id = Whole(required=True)
    lines = lines(PurchaseLineBody)
    notes = Text(MAX_NOTES_LENGTH)


class NotesBody(OptionalBody):
    """Notes replace those of the document."""

    EXAMPLES = {"With a note": {"notes": "on one pallet"}}

    notes = Text(MAX_NOTES_LENGTH)

"""The JSON that the inventory shows."""

from typing import Any

from marshmallow import fields

from api.http.fields import Choice, Instant, Whole
from api.http.idempotency import Answer
from api.http.pagination import Page
from api.http.schema import CamelSchema
from db.models import Job


def number() -> fields.Raw:
    """Return a field for an amount that may be below zero."""
    return fields.Raw(metadata={"type": "number"})


class StockPage(Page):
    location_id = Whole(required=True, query=True, description="The location whose stock is listed.")


class MovementPage(StockPage):
    product_id = Whole(required=True, query=True, description="The product that has moved.")


class Product(CamelSchema):
    id = fields.Integer()
    sku = fields.String()
    name = fields.String()
    created_at = Instant()


class Location(CamelSchema):
    id = fields.Integer()
    name = fields.String()
    created_at = Instant()


class Stock(CamelSchema):
    product_id = fields.Integer()
    location_id = fields.Integer()
    quantity = number()
    value = fields.Raw(metadata={"type": "number", "description": "The cost of all that is there"})


class StockLevel(Stock):
    """How much of a product is at a location, and how much of it can be sold or sent."""

    reserved = fields.Raw(
        metadata={
            "type": "number",
            "description": "Kept for sales and transfers that are accepted and not done yet, and what has come in by a "
            "purchase or transfer that is not wholly in yet",
        }
    )
    available = fields.Raw(metadata={"type": "number", "description": "quantity less reserved"})


class Movement(Stock):
    """A quantity that came to a location or, negative, left it."""

    id = fields.Integer()
    document_type = Choice("transfer", "sale", "purchase")
    document_id = fields.Integer()
    line_number = fields.Integer()
    step = Choice("send", "complete", "sell", "receive")
    round = fields.Integer(
        metadata={"description": "1 when the line moves first, 2 when that is undone, 3 when it moves again"}
    )
    created_at = Instant()


class Line(CamelSchema):
    line_number = fields.Integer()
    product_id = fields.Integer()
    quantity = number()


class SaleLine(Line):
    unit_price = number()
    tax_rate = number()
    line_subtotal = number()
    line_tax = number()


class PurchaseLine(Line):
    unit_cost = number()
    line_total = number()


class Head(CamelSchema):
    id = fields.Integer()
    notes = fields.String(allow_none=True)
    job_id = fields.Integer(
        allow_none=True, metadata={"description": "The job that moves the lines; null after a refusal"}
    )
    undo_job_id = fields.Integer(
        allow_none=True, metadata={"description": "The last job that put back what was left half done"}
    )
    created_at = Instant()


class TransferHead(Head):
    """A transfer without its lines."""

    transfer_number = fields.String(attribute="number")
    status = Choice("draft", "sent", "completed", "undoing")
    from_location_id = fields.Integer()
    to_location_id = fields.Integer()
    sent_at = Instant(allow_none=True)
    completed_at = Instant(allow_none=True)


class Transfer(TransferHead):
    lines = fields.List(fields.Nested(Line))


class SaleHead(Head):
    """A sale without its lines."""

    sale_number = fields.String(attribute="number")
    status = Choice("pending", "completed", "refused", "undoing")
    location_id = fields.Integer()
    subtotal = number()
    tax_total = number()
    total = number()
    completed_at = Instant(allow_none=True)


class Sale(SaleHead):
    lines = fields.List(fields.Nested(SaleLine))


class PurchaseHead(Head):
    """A purchase without its lines."""

    purchase_number = fields.String(attribute="number")
    status = Choice("draft", "approved", "undoing")
    location_id = fields.Integer()
    total = number()
    approved_at = Instant(allow_none=True)


class Purchase(PurchaseHead):
    lines = fields.List(fields.Nested(PurchaseLine))


class Accepted(CamelSchema):
    """The job that moves the lines."""

    job_id = fields.Integer()
    item_count = fields.Integer()
    message = fields.String()


class TransferAccepted(Accepted):
    transfer_id = fields.Integer()
    transfer_number = fields.String()


class SaleAccepted(Accepted):
    sale_id = fields.Integer()
    sale_number = fields.String()


class PurchaseAccepted(Accepted):
    purchase_id = fields.Integer()
    purchase_number = fields.String()


def accepted(noun: str, document: Any, job: Job) -> Answer:
    """Return the 202 that says which job moves the lines of a document."""
    items = "1 item" if job.total == 1 else f"{job.total} items"
    body = {
        "jobId": job.id,
        f"{noun}Id": document.id,
        f"{noun}Number": document.number,
        "itemCount": job.total,
        "message": f"Processing {items} in background. Poll /api/jobs/{job.id} for progress.",
    }
    return Answer(202, body, {"Location": f"/api/v1/jobs/{job.id}"})

"""Goods that are bought: drafted, then approved, which puts them into the stock."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.inventory import NotesBody, PurchaseBody
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.inventory.operations import TakeStep
from api.inventory.schemas import Purchase, PurchaseAccepted, PurchaseHead
from api.jobs.outcome import MIN_LINES_FOR_A_JOB, outcome_of
from db import models
from db.transaction import report, transaction
from domain.inventory import documents
from domain.inventory.steps import APPROVE

PATH = "/api/v1/purchases"
purchases_api = Blueprint("purchases", __name__, description="Goods bought for a location.", url_prefix=PATH)


@purchases_api.route("", "purchases:read")
@purchases_api.arguments(Page(), location="query")
@purchases_api.response(200, PurchaseHead(many=True), headers=LINK)
def list_purchases(query: dict[str, Any]) -> Any:
    """List purchases, newest first.

    The lines are left out; `showPurchase` has them.
    """
    with report() as session:
        rows = documents.page(session, models.Purchase, g.organization_id, *place(query))
        return page(rows, query, PurchaseHead())


@purchases_api.route("", "purchases:create", methods=["POST"])
@purchases_api.arguments(PurchaseBody())
@purchases_api.response(201, Purchase)
@purchases_api.idempotent
def create_purchase(body: dict[str, Any]) -> Response:
    """Draft a purchase; nothing comes in yet.

    The goods come into the stock when the purchase is approved.
    """

    def work(session: Session) -> Answer:
        purchase = documents.create_purchase(session, g.organization_id, body)
        return Answer(201, Purchase().dump(purchase), {"Location": f"{PATH}/{purchase.id}"})

    return once(work).response()


@purchases_api.route("/<row_id:purchase_id>", "purchases:read")
@purchases_api.response(200, Purchase)
@purchases_api.refuses(404)
def show_purchase(purchase_id: int) -> Any:
    """Show one purchase.

    `jobId` is the job that brings the goods in, null before the purchase is approved.
    """
    with transaction() as session:
        return documents.get(session, models.Purchase, g.organization_id, purchase_id)


@purchases_api.route("/<row_id:purchase_id>/approve", "purchases:approve", methods=["POST"])
@purchases_api.arguments(NotesBody(), required=False)
@purchases_api.response(200, Purchase)
@purchases_api.alt_response(202, schema=PurchaseAccepted)
@purchases_api.refuses(404, 409)
@purchases_api.idempotent
@purchases_api.preferable
def approve_purchase(body: dict[str, Any], purchase_id: int) -> Response:
    """Approve a purchase: under 10 lines at once, from 10 lines as a job.

    Each line comes into the stock once, at its cost. 200 means that it is done, 202 that a job does it.
    """
    with transaction() as session:
        # Lines never change, so what is read here still holds in the transaction that accepts.
        few = len(documents.get(session, models.Purchase, g.organization_id, purchase_id).lines) < MIN_LINES_FOR_A_JOB
    return outcome_of(TakeStep(APPROVE, Purchase(), purchase_id, body), at_once=few)

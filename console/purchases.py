"""Purchases: drafted and approved, which brings the goods in, and undone where that is half done."""

from typing import Any

from flask import g, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api.http.bodies.inventory import PurchaseBody
from console import goods
from console.forms import once
from console.pages import Pages, lead_to
from db.models import Purchase
from db.transaction import transaction
from domain.inventory import documents
from domain.inventory.steps import APPROVE

purchases_pages = Pages("purchases", __name__)


@purchases_pages.page("/purchases", "purchases:read")
def list_purchases() -> str:
    """Show the purchases, newest first."""
    found = goods.page(Purchase)
    return render_template(
        "purchases.html", purchases=found, places=goods.names(found.rows, "location_id"), currency=goods.currency()
    )


@purchases_pages.page("/purchases/new", "purchases:create")
def new_purchase() -> str:
    """Show the form of a new purchase."""
    return render_template("purchase_new.html", **goods.form("unitCost"))


@purchases_pages.act("/purchases/new", "purchases:create", back=new_purchase)
def create_purchase() -> Response | str:
    """Draft a purchase."""
    if goods.asks_for_rows():
        return new_purchase()

    def work(session: Session) -> dict[str, Any]:
        with goods.told_as_typed("unitCost"):
            body = goods.body(session, PurchaseBody(), ("locationId",), "unitCost")
            purchase = documents.create_purchase(session, g.organization_id, body)
            return {"id": purchase.id}

    return lead_to("purchases.show_purchase", "drafted", purchase_id=once(work)["id"])


@purchases_pages.page("/purchases/<row_id:purchase_id>", "purchases:read")
def show_purchase(purchase_id: int) -> str:
    """Show a purchase with its lines, and how far its job has come."""
    with transaction() as session:
        found = goods.shown(session, Purchase, purchase_id)
    places = goods.names([found["document"]], "location_id")
    return render_template("purchase.html", **found, places=places, currency=goods.currency())


@purchases_pages.act("/purchases/<row_id:purchase_id>/approve", "purchases:approve", back=show_purchase)
def approve_purchase(purchase_id: int) -> Response:
    """Have the goods come in."""
    goods.owe(APPROVE.kind, APPROVE, purchase_id)
    return lead_to("purchases.show_purchase", purchase_id=purchase_id)


@purchases_pages.act("/purchases/<row_id:purchase_id>/undo", "purchases:approve", back=show_purchase)
def undo_purchase(purchase_id: int) -> Response:
    """Put back what was left half done."""
    g.caller.require("jobs:create")
    goods.owe(APPROVE.undo_kind, APPROVE, purchase_id)
    return lead_to("purchases.show_purchase", purchase_id=purchase_id)

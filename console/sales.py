"""Sales: made from a location's stock, watched to their end, and undone where they are half done."""

from typing import Any

from flask import g, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api.http.bodies.inventory import SaleBody
from console import goods
from console.forms import once
from console.pages import Pages, lead_to
from db.models import Sale
from db.transaction import transaction
from domain.inventory import documents
from domain.inventory.steps import POST
from domain.jobs.submission import submit

sales_pages = Pages("sales", __name__)
COLUMNS = ("unitPrice", "taxRate")


@sales_pages.page("/sales", "sales:read")
def list_sales() -> str:
    """Show the sales, newest first."""
    found = goods.page(Sale)
    return render_template(
        "sales.html", sales=found, places=goods.names(found.rows, "location_id"), currency=goods.currency()
    )


@sales_pages.page("/sales/new", "sales:create")
def new_sale() -> str:
    """Show the form of a new sale."""
    return render_template("sale_new.html", **goods.form(*COLUMNS))


@sales_pages.act("/sales/new", "sales:create", back=new_sale)
def create_sale() -> Response | str:
    """Sell: the goods are reserved at once, and leave the stock by a job."""
    if goods.asks_for_rows():
        return new_sale()

    def work(session: Session) -> dict[str, Any]:
        with goods.told_as_typed(*COLUMNS):
            body = goods.body(session, SaleBody(), ("locationId",), *COLUMNS)
            sale = documents.create_sale(session, g.organization_id, body)
            submit(session, g.organization_id, POST.kind, {POST.key: sale.id})
            return {"id": sale.id}

    return lead_to("sales.show_sale", sale_id=once(work)["id"])


@sales_pages.page("/sales/<row_id:sale_id>", "sales:read")
def show_sale(sale_id: int) -> str:
    """Show a sale with its lines, and how far its job has come."""
    with transaction() as session:
        found = goods.shown(session, Sale, sale_id)
    places = goods.names([found["document"]], "location_id")
    return render_template("sale.html", **found, places=places, currency=goods.currency())


@sales_pages.act("/sales/<row_id:sale_id>/undo", "sales:create", back=show_sale)
def undo_sale(sale_id: int) -> Response:
    """Put back what was left half done."""
    g.caller.require("jobs:create")
    goods.owe(POST.undo_kind, POST, sale_id)
    return lead_to("sales.show_sale", sale_id=sale_id)

"""Goods that are sold from a location."""

from typing import Any

from flask import Response, g

from api.http.blueprint import Blueprint
from api.http.bodies.inventory import SaleBody
from api.http.pagination import LINK, Page, page, place
from api.inventory.operations import SALES, Sell
from api.inventory.schemas import Sale, SaleAccepted, SaleHead
from api.jobs.outcome import MIN_LINES_FOR_A_JOB, outcome_of
from db import models
from db.transaction import report, transaction
from domain.inventory import documents

sales_api = Blueprint("sales", __name__, description="Goods sold from a location.", url_prefix=SALES)


@sales_api.route("", "sales:read")
@sales_api.arguments(Page(), location="query")
@sales_api.response(200, SaleHead(many=True), headers=LINK)
def list_sales(query: dict[str, Any]) -> Any:
    """List sales, newest first.

    The lines are left out; `showSale` has them.
    """
    with report() as session:
        rows = documents.page(session, models.Sale, g.organization_id, *place(query))
        return page(rows, query, SaleHead())


@sales_api.route("", "sales:create", methods=["POST"])
@sales_api.arguments(SaleBody())
@sales_api.response(201, Sale)
@sales_api.alt_response(202, schema=SaleAccepted)
@sales_api.idempotent
@sales_api.preferable
def create_sale(body: dict[str, Any]) -> Response:
    """Sell: under 10 lines at once, from 10 lines as a job. The goods are reserved when the sale is accepted.

    409 names every line for which the location has too little stock; nothing is sold then.
    """
    return outcome_of(Sell(body), at_once=len(body["lines"]) < MIN_LINES_FOR_A_JOB)


@sales_api.route("/<row_id:sale_id>", "sales:read")
@sales_api.response(200, Sale)
@sales_api.refuses(404)
def show_sale(sale_id: int) -> Any:
    """Show one sale.

    `status` is pending until all lines have left the stock.
    """
    with transaction() as session:
        return documents.get(session, models.Sale, g.organization_id, sale_id)

"""Goods that are sold from a location."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.idempotency import Answer
from api.http.pagination import LINK, Page, page, position
from api.inventory.schemas import Sale, SaleAccepted, SaleBody, SaleHead, accepted
from api.jobs.outcome import MANY, settled
from db import models
from db.transaction import transaction
from domain.inventory import documents
from domain.jobs import catalogue
from domain.jobs.submission import submit

PATH = "/api/v1/sales"
KIND = "sale.post"
sales_api = Blueprint("sales", __name__, url_prefix=PATH)


@sales_api.route("")
@sales_api.arguments(Page(), location="query")
@sales_api.response(200, SaleHead(many=True), headers=LINK)
def index(query: dict[str, Any]) -> Any:
    """List sales, newest first."""
    with transaction() as session:
        rows = documents.page(session, models.Sale, g.organization_id, position(query), query["limit"] + 1)
    return page(rows, query)


@sales_api.route("", methods=["POST"])
@sales_api.arguments(SaleBody())
@sales_api.response(201, Sale)
@sales_api.alt_response(202, schema=SaleAccepted)
@sales_api.idempotent
@sales_api.limited
@sales_api.preferable
def create(body: dict[str, Any]) -> Response:
    """Sell: under 10 lines at once, from 10 lines as a job."""

    def accept(session: Session, held: float) -> Answer:
        sale = documents.create_sale(session, g.organization_id, body)
        job_id = submit(session, g.organization_id, KIND, {"saleId": sale.id}, held=held)
        return accepted("sale", sale, catalogue.get(session, g.organization_id, job_id))

    def done(session: Session, answer: dict[str, Any]) -> Answer:
        sale = documents.get(session, models.Sale, g.organization_id, answer["saleId"])
        return Answer(201, Sale().dump(sale), {"Location": f"{PATH}/{sale.id}"})

    def withdraw(session: Session, answer: dict[str, Any]) -> None:
        documents.refuse_sale(session, g.organization_id, answer["saleId"])

    return settled(KIND, accept, done, at_once=len(body["lines"]) < MANY, withdraw=withdraw)


@sales_api.route("/<row_id:sale_id>")
@sales_api.response(200, Sale)
@sales_api.refuses(404)
def show(sale_id: int) -> Any:
    """Show one sale."""
    with transaction() as session:
        return documents.get(session, models.Sale, g.organization_id, sale_id)

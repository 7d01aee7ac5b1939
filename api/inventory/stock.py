"""Products and locations, the stock at each location, and the movements that made it."""

from typing import Any

from flask import Response, g
from marshmallow import Schema
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.inventory import LocationBody, ProductBody
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.inventory.schemas import (
    Location,
    Movement,
    MovementPage,
    Product,
    StockLevel,
    StockPage,
)
from db import models
from db.transaction import report, transaction
from domain.inventory import catalogue, stock

PRODUCTS, LOCATIONS = "/api/v1/products", "/api/v1/locations"
stock_api = Blueprint("stock", __name__, description="Products, locations, and how much of each product is where.")


@stock_api.route(PRODUCTS, "goods:read")
@stock_api.arguments(Page(), location="query")
@stock_api.response(200, Product(many=True), headers=LINK)
def list_products(query: dict[str, Any]) -> Any:
    """List products.

    They come in the order in which they were created.
    """
    return _page(models.Product, query, Product())


@stock_api.route(PRODUCTS, "goods:create", methods=["POST"])
@stock_api.arguments(ProductBody())
@stock_api.response(201, Product)
@stock_api.idempotent
def create_product(body: dict[str, Any]) -> Response:
    """Create a product; 409 if a product of the organization has the same SKU, or one that looks the same.

    Purchases, sales and transfers refer to a product by its id.
    """
    return _created(models.Product, Product(), PRODUCTS, body)


@stock_api.route(f"{PRODUCTS}/<row_id:product_id>", "goods:read")
@stock_api.response(200, Product)
@stock_api.refuses(404)
def show_product(product_id: int) -> Any:
    """Show one product.

    How much of it there is, and where, is at `listStock`.
    """
    return _one(models.Product, product_id)


@stock_api.route(LOCATIONS, "goods:read")
@stock_api.arguments(Page(), location="query")
@stock_api.response(200, Location(many=True), headers=LINK)
def list_locations(query: dict[str, Any]) -> Any:
    """List locations.

    They come in the order in which they were created.
    """
    return _page(models.Location, query, Location())


@stock_api.route(LOCATIONS, "goods:create", methods=["POST"])
@stock_api.arguments(LocationBody())
@stock_api.response(201, Location)
@stock_api.idempotent
def create_location(body: dict[str, Any]) -> Response:
    """Create a location; 409 if a location of the organization has the same name, or one that looks the same.

    A new location has no stock; purchases and transfers bring it.
    """
    return _created(models.Location, Location(), LOCATIONS, body)


@stock_api.route(f"{LOCATIONS}/<row_id:location_id>", "goods:read")
@stock_api.response(200, Location)
@stock_api.refuses(404)
def show_location(location_id: int) -> Any:
    """Show one location.

    What is there is at `listStock`.
    """
    return _one(models.Location, location_id)


@stock_api.route("/api/v1/stock", "goods:read")
@stock_api.arguments(StockPage(), location="query")
@stock_api.response(200, StockLevel(many=True), headers=LINK)
@stock_api.refuses(404)
def list_stock(query: dict[str, Any]) -> Any:
    """List the stock at a location: how much of each product there is, how much is available, and its cost.

    Products that were never there are left out.
    """
    where = g.organization_id, query["location_id"]
    with report() as session:
        rows = stock.page(session, *where, *place(query, 0))
        return page(rows, query, StockLevel())


@stock_api.route("/api/v1/movements", "goods:read")
@stock_api.arguments(MovementPage(), location="query")
@stock_api.response(200, Movement(many=True), headers=LINK)
@stock_api.refuses(404)
def list_movements(query: dict[str, Any]) -> Any:
    """List the movements of a product at a location, newest first.

    Their sum is the stock. Movements are only added, never changed.
    """
    where = g.organization_id, query["location_id"], query["product_id"]
    with report() as session:
        rows = stock.movements(session, *where, *place(query))
        return page(rows, query, Movement())


def _created(model: type[Any], schema: Schema, path: str, body: dict[str, Any]) -> Response:
    def work(session: Session) -> Answer:
        thing = catalogue.create(session, model, g.organization_id, body)
        return Answer(201, schema.dump(thing), {"Location": f"{path}/{thing.id}"})

    return once(work).response()


def _one(model: type[Any], thing_id: int) -> Any:
    with transaction() as session:
        return catalogue.get(session, model, g.organization_id, thing_id)


def _page(model: type[Any], query: dict[str, Any], schema: Schema) -> Response:
    with report() as session:
        rows = catalogue.page(session, model, g.organization_id, *place(query, 0))
        return page(rows, query, schema)

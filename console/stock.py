"""Products and locations, how much of each product is where, and the movements that made it."""

from typing import Any

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.inventory import LocationBody, ProductBody
from api.http.changes import change
from console import forms
from console.lists import LARGEST_ID, ROWS, Listed, after, listed
from console.pages import Pages, field, lead_to
from db.models import Location, Product
from db.transaction import report
from domain.identity import organizations
from domain.inventory import catalogue, stock

stock_pages = Pages("stock", __name__)
MAX_OFFERED = 200


@stock_pages.page("/stock", "goods:read")
def list_stock() -> str:
    """Show how much of each product is at a location: the one that was chosen, or the first."""
    with report() as session:
        places = catalogue.page(session, Location, g.organization_id, 0, MAX_OFFERED)
        chosen = _asked("location") or (places[0].id if places else 0)
        found: Listed[Any] = Listed([], None)
        if chosen:
            found = listed(stock.page(session, g.organization_id, chosen, after() or 0, ROWS + 1))
        products = catalogue.named(session, Product, g.organization_id, {row.product_id for row in found.rows})
        currency = organizations.get(session, g.organization_id).currency_code
    return render_template(
        "stock.html", places=places, chosen=chosen, levels=found, products=products, currency=currency
    )


@stock_pages.page("/stock/<row_id:location_id>/<row_id:product_id>", "goods:read")
def list_movements(location_id: int, product_id: int) -> str:
    """Show the movements of a product at a location, newest first."""
    with report() as session:
        where = g.organization_id, location_id, product_id
        found = listed(stock.movements(session, *where, after(), ROWS + 1))
        place = catalogue.get(session, Location, g.organization_id, location_id)
        product = catalogue.get(session, Product, g.organization_id, product_id)
        currency = organizations.get(session, g.organization_id).currency_code
    return render_template("movements.html", movements=found, place=place, product=product, currency=currency)


@stock_pages.page("/products", "goods:read")
def list_products() -> str:
    """Show the products, and the form by which another is made."""
    return render_template("products.html", products=_page(Product))


@stock_pages.act("/products", "goods:create", back=list_products)
def create_product() -> Response:
    """Make a product."""
    body = forms.loaded(ProductBody(), {"sku": field("sku"), "name": field("name")})
    with change() as session:
        catalogue.create(session, Product, g.organization_id, body)
    return lead_to("stock.list_products", "saved")


@stock_pages.page("/locations", "goods:read")
def list_locations() -> str:
    """Show the locations, and the form by which another is made."""
    return render_template("locations.html", locations=_page(Location))


@stock_pages.act("/locations", "goods:create", back=list_locations)
def create_location() -> Response:
    """Make a location."""
    body = forms.loaded(LocationBody(), {"name": field("name")})
    with change() as session:
        catalogue.create(session, Location, g.organization_id, body)
    return lead_to("stock.list_locations", "saved")


def _page(model: type[Any]) -> Listed[Any]:
    with report() as session:
        return listed(catalogue.page(session, model, g.organization_id, after() or 0, ROWS + 1))


def _asked(name: str) -> int | None:
    """Return the id that a parameter of the page has."""
    given = request.args.get(name, "")
    return int(given) if given.isdecimal() and 0 < int(given) < LARGEST_ID else None

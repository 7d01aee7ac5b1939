"""Request bodies that are valid until a test changes them."""

from typing import Any

from tests import chain

CLIENT = {"name": "Ada", "addressLine1": "12 Engine Row", "city": "London", "country": "GB", "taxId": "GB-1"}
ITEM = {"description": "Work", "quantity": 2, "unitPrice": "10.50", "taxRate": 0.2}
TEMPLATE = (
    "<html><body><h1>{{invoiceNumber}} {{issueDate}}</h1><p>{{supplierName}} {{clientName}}</p>"
    "<table>{{itemsRows}}</table>{{total}}</body></html>"
)


def invoice(supplier_id: int, **changes: Any) -> dict[str, Any]:
    """Return a request for an invoice of 21.00 plus 4.20 tax; a change to None takes the field away."""
    body = {"supplierId": supplier_id, "client": CLIENT, "items": [ITEM]} | changes
    return {name: value for name, value in body.items() if value is not None}


PRODUCT, LOCATION = {"sku": "SKU-1", "name": "Cog"}, {"name": "Shop"}


def transfer(places: dict[str, int]) -> dict[str, Any]:
    lines = [{"productId": places["product"], "quantity": 1}]
    return {"fromLocationId": places["location"], "toLocationId": places["warehouse"], "lines": lines}


def sale(places: dict[str, int]) -> dict[str, Any]:
    line = {"productId": places["product"], "quantity": 1, "unitPrice": 20, "taxRate": 0.2}
    return {"locationId": places["location"], "lines": [line]}


def purchase(places: dict[str, int]) -> dict[str, Any]:
    line = {"productId": places["product"], "quantity": 5, "unitCost": "9.99"}
    return {"locationId": places["location"], "lines": [line]}


def inventory(client: Any) -> dict[str, int]:
    """Have one of each kind of thing made by `client`, the documents moved but the transfer; return the ids."""
    places: dict[str, int] = {}

    def make(name: str, path: str, body: dict[str, Any]) -> None:
        answer = client.post(f"/api/v1/{path}", body)
        if answer.status_code == 202:  # a slow machine leaves it to the queue
            chain.run_waiting("sale.post")
        places[name] = answer.json[f"{name}Id" if answer.status_code == 202 else "id"]

    make("product", "products", PRODUCT)
    make("location", "locations", LOCATION)
    make("warehouse", "locations", {"name": "Warehouse"})
    make("purchase", "purchases", purchase(places))
    if client.post(f"/api/v1/purchases/{places['purchase']}/approve").status_code == 202:
        chain.run_waiting("purchase.approve")
    make("sale", "sales", sale(places))
    make("transfer", "transfers", transfer(places))
    return places


def party(**changes: Any) -> dict[str, Any]:
    return {"name": "Grace", "addressLine1": "1 Navy Yard", "city": "Arlington", "country": "US"} | changes

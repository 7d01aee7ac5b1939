"""Request bodies that are valid until a test changes them."""

from typing import Any

CLIENT = {"name": "Ada", "addressLine1": "12 Engine Row", "city": "London", "country": "GB", "taxId": "GB-1"}
ITEM = {"description": "Work", "quantity": 2, "unitPrice": "10.50", "taxRate": 0.2}
TEMPLATE = "<html><body><h1>{{invoiceNumber}}</h1><table>{{itemsRows}}</table>{{total}}</body></html>"


def invoice(supplier_id: int, **changes: Any) -> dict[str, Any]:
    """Return a request for an invoice of 21.00 plus 4.20 tax; a change to None takes the field away."""
    body = {"supplierId": supplier_id, "client": CLIENT, "items": [ITEM]} | changes
    return {name: value for name, value in body.items() if value is not None}


def party(**changes: Any) -> dict[str, Any]:
    return {"name": "Grace", "addressLine1": "1 Navy Yard", "city": "Arlington", "country": "US"} | changes

"""The organizations that take part, and what the clients of each have heard of."""

import threading
from dataclasses import dataclass, field
from typing import Any

from db.transaction import transaction
from domain.identity import keys, organizations
from tests.chaos.histories.intents import CUSTOMERS, PRODUCTS, SUPPLIERS, Intent
from tests.chaos.histories.record import Exchange
from tests.chaos.histories.wire import Wire
from tests.tenant import new_supplier, new_tenant

OPENING_QUANTITY = 30


class Record:
    """All exchanges of all clients, in the order in which they ended."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        with self._lock:
            self.exchanges.append(exchange)


@dataclass
class Organization:
    """What its clients share: the ids that any of them was told."""

    name: str
    wire: Wire
    suppliers: list[int]
    location: int = 0
    products: list[int] = field(default_factory=list)
    jobs: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    invoices: list[tuple[int, str]] = field(default_factory=list)
    invoice_ids: list[int] = field(default_factory=list)

    def invoice(self, intent: Intent, strange_supplier: int | None = None, number: int = 0) -> dict[str, Any]:
        """Return a request for the invoice that the intent's lines come to."""
        customer = int(intent.pick * 1000) % CUSTOMERS
        return {
            "supplierId": strange_supplier or self.suppliers[len(intent.lines) % len(self.suppliers)],
            "client": {
                "name": f"Customer {customer}", "addressLine1": "1 Main Street", "city": "Sofia", "country": "BG",
                "taxId": f"BG-{customer}",
            },
            "items": [
                {"description": f"Thing {product}", "quantity": quantity, "unitPrice": 5 + product, "taxRate": "0.2"}
                for product, quantity in intent.lines
            ],
            "notes": f"{intent.tag}.{number}",
        }  # fmt: skip

    def sale(self, intent: Intent) -> dict[str, Any]:
        return self._document(intent.tag, intent.lines, unitPrice=20, taxRate="0.2")

    def purchase(self, intent: Intent) -> dict[str, Any]:
        return self._document(intent.tag, intent.lines, unitCost=3)

    def opening(self) -> dict[str, Any]:
        """Return the purchase that every history begins with."""
        return self._document("opening", [(n, OPENING_QUANTITY) for n in range(PRODUCTS)], unitCost=3)

    def _document(self, tag: str, lines: Any, **fields: Any) -> dict[str, Any]:
        rows = [{"productId": self.products[product], "quantity": quantity, **fields} for product, quantity in lines]
        return {"locationId": self.location, "lines": rows, "notes": tag}


def organization(name: str, record: Record) -> Organization:
    """Return a new organization with a key and suppliers."""
    tenant = new_tenant(name)
    suppliers = [tenant.supplier_id, *(new_supplier(tenant).supplier_id for _ in range(SUPPLIERS - 1))]
    return Organization(name, Wire(name, tenant.key, record.add), suppliers)


def operator(record: Record) -> Wire:
    """Return the line of somebody who may pause what all organizations wait for."""
    with transaction() as session:
        owner = organizations.create(session, "Operators")
        key = keys.create(session, owner.id, "pauses", role="operator").secret
    return Wire("Operators", key, record.add)


def furnish(one: Organization, address: str) -> None:
    """Give an organization products, a location and some stock; nothing hurts the parts yet."""
    one.location = _made(one, address, "locations", {"name": "Shop"})
    for number in range(PRODUCTS):
        one.products.append(_made(one, address, "products", {"sku": f"SKU-{number}", "name": f"Thing {number}"}))
    drafted = _made(one, address, "purchases", one.opening(), "draft")
    approved = one.wire.send(address, "approve", "POST", f"/api/v1/purchases/{drafted}/approve", {}, "opening")
    assert approved.accepted, approved


def _made(one: Organization, address: str, path: str, body: dict[str, Any], act: str = "furnish") -> int:
    made = one.wire.send(address, act, "POST", f"/api/v1/{path}", body)
    assert made.accepted, made
    return made.answer["id"]

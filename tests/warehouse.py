"""Products in stock and the documents that move them, as a test meets them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from db import models
from db.transaction import transaction
from domain.inventory import catalogue, documents
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from domain.jobs.submission import submit
from tests import chain
from tests.caller import Caller
from tests.tenant import Tenant

STOCK = "SELECT product_id, quantity FROM stock WHERE location_id = %s ORDER BY product_id"
WORTH = "SELECT coalesce(sum(value), 0) FROM stock"
MOVED = """
    SELECT line_number FROM movements WHERE (document_type, document_id, step) = (%s, %s, %s)
    GROUP BY 1 HAVING mod(max(round), 2) = 1 ORDER BY 1"""
RESERVED = "SELECT coalesce(sum(quantity), 0) FROM reservations"


@dataclass(frozen=True)
class Warehouse:
    """An organization with products at `here`, and a location `there` where nothing is yet."""

    tenant: Tenant
    products: Sequence[int]
    here: int
    there: int

    @property
    def caller(self) -> Caller:
        return Caller(self.tenant.key)

    def lines(self, *quantities: Any, **fields: Any) -> list[dict[str, Any]]:
        """Return lines of so much of each product in turn; after the last product comes the first."""
        ids = [self.products[n % len(self.products)] for n in range(len(quantities))]
        return [{"productId": i, "quantity": q, **fields} for i, q in zip(ids, quantities, strict=True)]

    def transfer_body(self, *quantities: Any) -> dict[str, Any]:
        return {"fromLocationId": self.here, "toLocationId": self.there, "lines": self.lines(*quantities)}

    def transfer(self, *quantities: Any) -> int:
        """Draft a transfer from here to there; return its id."""
        answer = self.caller.post("/api/v1/transfers", self.transfer_body(*quantities))
        assert answer.status_code == 201, answer.json
        return answer.json["id"]

    def sale(self, *quantities: Any) -> int:
        """Write a pending sale; return its id."""
        lines = [
            {"product_id": one["productId"], "quantity": Decimal(one["quantity"]), "unit_price": Decimal(20)}
            for one in self.lines(*quantities)
        ]
        with transaction() as session:
            return documents.create_sale(session, self.tenant.id, {"location_id": self.here, "lines": lines}).id

    def purchase(self, *quantities: Any) -> int:
        """Draft a purchase; return its id."""
        answer = self.caller.post("/api/v1/purchases", self.purchase_body(*quantities))
        assert answer.status_code == 201, answer.json
        return answer.json["id"]

    def sale_body(self, *quantities: Any) -> dict[str, Any]:
        return {"locationId": self.here, "lines": self.lines(*quantities, unitPrice=20, taxRate="0.2")}

    def purchase_body(self, *quantities: Any, cost: Any = "3.3333") -> dict[str, Any]:
        return {"locationId": self.here, "lines": self.lines(*quantities, unitCost=cost)}

    def submit(self, kind_name: str, **payload: Any) -> int:
        """Owe a job; return its id."""
        with transaction() as session:
            return submit(session, self.tenant.id, kind_name, payload).job_id

    def stock(self, location_id: int) -> list[Decimal]:
        """Return how much of each product is at a location."""
        there = dict(chain.rows(STOCK, location_id))
        return [there.get(product, Decimal(0)) for product in self.products]


def moved(noun: str, document_id: int, step: str) -> list[int]:
    """Return the lines of a document that have moved in a step and were not put back."""
    return [line for (line,) in chain.rows(MOVED, noun, document_id, step)]


def stocked(tenant: Tenant, *quantities: Any, cost: str = "3.3333") -> Warehouse:
    """Return a warehouse of one product for each of `quantities`, bought at `cost`."""
    with transaction() as session:
        products = [
            catalogue.create(session, models.Product, tenant.id, {"sku": f"SKU-{n}", "name": f"Cog {n}"}).id
            for n in range(1, len(quantities) + 1)
        ]
        here, there = (catalogue.create(session, models.Location, tenant.id, {"name": n}).id for n in ("Here", "There"))
        lines = [
            {"product_id": product, "quantity": Decimal(quantity), "unit_cost": Decimal(cost)}
            for product, quantity in zip(products, quantities, strict=True)
        ]
        purchase = documents.create_purchase(session, tenant.id, {"location_id": here, "lines": lines})
        job_id = submit(session, tenant.id, "purchase.approve", {"purchaseId": purchase.id}).job_id
    run_jobs(find("purchase.approve"), [job_id])
    return Warehouse(tenant, products, here, there)

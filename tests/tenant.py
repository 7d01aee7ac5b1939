from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from db.transaction import transaction
from domain.identity import keys, organizations
from domain.invoices.request import InvoiceRequest, Item
from domain.parties import suppliers

ADDRESS = {"address_line1": "1 Main Street", "city": "Sofia", "country": "BG"}


@dataclass(frozen=True)
class Tenant:
    """An organization as a test meets it."""

    id: int
    key: str
    supplier_id: int

    def request(self, client_name: str = "Client", **changes: Any) -> InvoiceRequest:
        """Return a valid request to invoice two hours of work."""
        values = {
            "organization_id": self.id,
            "supplier_id": self.supplier_id,
            "client": {"name": client_name, "tax_id": f"T-{client_name}", **ADDRESS},
            "items": (Item("Work", Decimal("2"), Decimal("10.50"), tax_rate=Decimal("0.2")),),
        }
        return InvoiceRequest(**values | changes)


def new_tenant(name: str) -> Tenant:
    with transaction() as session:
        organization = organizations.create(session, name)
        key = keys.create(session, organization.id, "first").secret
        supplier = suppliers.create(session, organization.id, {"name": f"{name} Ltd", **ADDRESS})
    return Tenant(organization.id, key, supplier.id)


def new_supplier(tenant: Tenant) -> Tenant:
    """Return the same organization with another supplier."""
    with transaction() as session:
        supplier = suppliers.create(session, tenant.id, {"name": "Another Ltd", **ADDRESS})
    return Tenant(tenant.id, tenant.key, supplier.id)

"""A worker that dies at any point of a credit note leaves exactly one, and no more taken back than was asked for."""

from decimal import Decimal
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from counterfoil.crashkit.trial import every_point
from domain.invoices import generation
from domain.invoices.crediting import CreditLine, CreditRequest
from domain.invoices.request import CREDIT_KIND as KIND
from domain.invoices.request import InvoiceRequest, Item
from domain.parties import suppliers
from tests.tenant import ADDRESS

CREDITED = """
    SELECT i.credited_invoice_id, sum(l.quantity), count(DISTINCT i.id) FROM invoices AS i
    JOIN invoice_items AS l ON l.invoice_id = i.id WHERE i.document_type = 381 GROUP BY 1"""


def an_invoice_and_its_credit(session: Session, organization_id: int) -> dict[str, Any]:
    """Issue an invoice of two hours, of which one is to be credited; return the payload of that."""
    supplier = suppliers.create(session, organization_id, {"name": "Acme Ltd", **ADDRESS})
    client = {"name": "Ada", "tax_id": "T-1", **ADDRESS}
    items = (Item("Work", Decimal(2), Decimal("10.50"), tax_rate=Decimal("0.2")),)
    [issued] = generation.issue(session, [InvoiceRequest(organization_id, supplier.id, client, items)])
    assert isinstance(issued, generation.Issued)
    return CreditRequest(organization_id, issued.id, "broken", (CreditLine(1, Decimal(1)),)).payload()


def one_hour_is_credited_once(connection: psycopg.Connection) -> None:
    [(_, quantity, notes)] = connection.execute(CREDITED).fetchall()
    assert (quantity, notes) == (1, 1)


def test_a_credit_note_is_issued_once_wherever_its_worker_dies(template_database, record_property):
    points = every_point(template_database, KIND, an_invoice_and_its_credit, [one_hour_is_credited_once])
    record_property("points", len(points))
    assert {"after lock_counters", "after issue_invoices", "after commit"} <= {*points}, "the hooks are blind"

"""Work to be done, written before the clock starts."""

from decimal import Decimal

from sqlalchemy import text

from db.transaction import transaction
from domain.identity import organizations
from domain.invoices.intake import KIND
from domain.invoices.request import InvoiceRequest, Item
from domain.jobs.submission import enqueue
from domain.parties.suppliers import create as create_supplier

ADDRESS = {"address_line1": "1 Main Street", "city": "Sofia", "country": "BG"}
BATCH = 1000


class Workload:
    """Invoice requests spread evenly over some suppliers of one organization, a few clients each."""

    def __init__(self, suppliers: int) -> None:
        with transaction() as session:
            self.organization_id = organizations.create(session, "Bench").id
            self.suppliers = [
                create_supplier(session, self.organization_id, {"name": f"Supplier {n}", **ADDRESS}).id
                for n in range(suppliers)
            ]

    def request(self, number: int) -> InvoiceRequest:
        client = f"Client {number % 50}"
        return InvoiceRequest(
            self.organization_id,
            self.suppliers[number % len(self.suppliers)],
            {"name": client, "tax_id": client, **ADDRESS},
            (Item("Work", Decimal("2"), Decimal("10.50"), tax_rate=Decimal("0.2")),),
        )

    def submit(self, count: int) -> list[int]:
        """Owe `count` invoices; return the ids of their jobs."""
        ids: list[int] = []
        for start in range(0, count, BATCH):
            requests = [self.request(number) for number in range(start, min(start + BATCH, count))]
            payloads = [(str(request.supplier_id), request.payload()) for request in requests]
            with transaction() as session:
                ids += enqueue(session, self.organization_id, KIND, payloads)
        return ids

    def verify(self, count: int) -> None:
        """Raise unless each request has one invoice and each supplier's numbers run from 1 without a gap."""
        with transaction() as session:
            row = session.execute(text(PROOF), {"suppliers": self.suppliers}).one()
        if (row.invoices, row.requests, row.broken) != (count, count, 0):
            raise AssertionError(f"the run does not count: {row} instead of {count} invoices without a gap")


PROOF = """
SELECT sum(n) AS invoices, sum(jobs) AS requests, count(*) FILTER (WHERE first <> 1 OR last <> n) AS broken FROM (
    SELECT count(*) AS n, count(DISTINCT job_id) AS jobs, min(number) AS first, max(number) AS last
    FROM invoices WHERE supplier_id = ANY(:suppliers) GROUP BY supplier_id) AS series
"""

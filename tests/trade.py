"""Sources of the journal as the parts that own them leave them, each with its version and the job that is owed."""

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func

from db.models import Location, Movement, Product, Purchase, Sale, Transfer
from db.queries import run
from db.transaction import transaction
from domain.accounting.sources import KIND, Owed, Source, changed
from domain.inventory import catalogue
from domain.invoices import generation
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.tenant import Tenant
from tests.warehouse import stocked

_numbers = itertools.count(1)
PREFIXES = {Sale: "SA", Purchase: "PO", Transfer: "TR"}


def invoices(tenant: Tenant, count: int = 1) -> list[Source]:
    """Return invoices of 21.00 plus 4.20 tax; the journal does not know of them yet."""
    with transaction() as session:
        issued = generation.issue(session, [tenant.request()] * count)
    return [Source("invoice", one.id) for one in issued]


def goods(tenant: Tenant) -> list[Source]:
    """Return a purchase, a sale and a sent transfer, made by the parts that own them; they are in the books."""
    warehouse = stocked(tenant, 10)
    sent, sold = warehouse.transfer(2), warehouse.sale(3)
    for kind, payload in (("transfer.send", {"transferId": sent}), ("sale.post", {"saleId": sold})):
        run_jobs(find(kind), [warehouse.submit(kind, **payload)])
    chain.keep_books()
    bought = chain.value("SELECT id FROM purchases WHERE organization_id = %s", tenant.id)
    return [Source("purchase", bought), Source("sale", sold), Source("transfer", sent)]


def place(tenant: Tenant) -> int:
    """Return the id of a new location."""
    with transaction() as session:
        name = f"Place {next(_numbers)}"
        return catalogue.create(session, Location, tenant.id, {"name": name}).id


def sale(tenant: Tenant, location_id: int, costs: Sequence[str] = ("7.5", "5"), **changes: Any) -> Source:
    """Return a completed sale of 20 plus 4 tax, one line for each cost."""
    amounts = {"subtotal": Decimal(20), "tax_total": Decimal(4), "total": Decimal(24)}
    fields = {"location_id": location_id, "status": "completed", "completed_at": func.clock_timestamp()} | amounts
    sold = _document(tenant, Sale, fields | changes)
    _move(tenant, Source("sale", sold), "sell", location_id, costs)
    return Source("sale", sold)


def purchase(tenant: Tenant, location_id: int, **changes: Any) -> Source:
    """Return an approved purchase for 30."""
    fields = {"location_id": location_id, "status": "approved", "approved_at": func.clock_timestamp()}
    return Source("purchase", _document(tenant, Purchase, fields | {"total": Decimal(30)} | changes))


def transfer(
    tenant: Tenant, source_id: int, target_id: int, values: Sequence[str] = ("8", "1.25"), **changes: Any
) -> Source:
    """Return a transfer that was sent."""
    fields = {"from_location_id": source_id, "to_location_id": target_id, "status": "sent"}
    sent = _document(tenant, Transfer, fields | {"sent_at": func.clock_timestamp()} | changes)
    _move(tenant, Source("transfer", sent), "send", source_id, values)
    return Source("transfer", sent)


def arrive(transferred: Source) -> None:
    """Let a transfer be completed."""
    change = "UPDATE transfers SET status = 'completed', completed_at = clock_timestamp() WHERE id = %s"
    chain.ask(change, transferred.id)


def change(tenant: Tenant, *sources: Source) -> list[Owed]:
    """Return what the journal owes after a change of the sources."""
    with transaction() as session:
        return changed(session, tenant.id, sources)


def enter(*owed: Owed) -> None:
    """Run the jobs in one group."""
    run_jobs(find(KIND), [one.job_id for one in owed])


def _document(tenant: Tenant, model: Any, fields: dict[str, Any]) -> int:
    with transaction() as session:
        prefix = PREFIXES[model]
        [counter] = run(session, "next_document_number", organization_id=tenant.id, prefix=prefix)
        number = f"{prefix}-{counter.month}-{counter.last_number:04d}"
        document = model(organization_id=tenant.id, number=number, **fields)
        session.add(document)
        session.flush()
        return document.id


def _move(tenant: Tenant, document: Source, step: str, location_id: int, values: Sequence[str]) -> None:
    with transaction() as session:
        product = catalogue.create(session, Product, tenant.id, {"sku": f"SKU-{next(_numbers)}", "name": "Thing"})
        session.add_all(
            Movement(
                organization_id=tenant.id,
                location_id=location_id,
                product_id=product.id,
                quantity=Decimal(-1),
                value=-Decimal(value),
                document_type=document.type,
                document_id=document.id,
                line_number=number,
                step=step,
            )
            for number, value in enumerate(values, 1)
        )

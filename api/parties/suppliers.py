"""The suppliers, who issue invoices, and the proof that their numbers are complete."""

from typing import Any

from flask import Response, g
from marshmallow import fields
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, position
from api.http.schema import CamelSchema
from api.parties.schemas import Supplier, SupplierBody
from db.transaction import report, transaction
from domain.invoices import audit
from domain.parties import suppliers

PATH = "/api/v1/parties/suppliers"
suppliers_api = Blueprint(
    "suppliers", __name__, description="Suppliers issue invoices. Each has a series of numbers of its own."
)


class Audit(CamelSchema):
    """The series recomputed from its rows; each list is empty if nothing is wrong, and names 1,000 at most."""

    first = fields.Integer(allow_none=True)
    last = fields.Integer(allow_none=True)
    count = fields.Integer()
    gaps = fields.List(fields.Integer())
    duplicates = fields.List(fields.Integer())
    broken_links = fields.List(fields.Integer())
    late_dates = fields.List(fields.Integer())
    truncated = fields.Boolean()
    head_hash = fields.String()


@suppliers_api.route(PATH)
@suppliers_api.arguments(Page(), location="query")
@suppliers_api.response(200, Supplier(many=True), headers=LINK)
def list_suppliers(query: dict[str, Any]) -> Any:
    """List suppliers.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = suppliers.page(session, g.organization_id, position(query) or 0, query["limit"] + 1)
    return page(rows, query)


@suppliers_api.route(PATH, methods=["POST"])
@suppliers_api.arguments(SupplierBody())
@suppliers_api.response(201, Supplier)
@suppliers_api.idempotent
def create_supplier(body: dict[str, Any]) -> Response:
    """Create a supplier with its number series.

    Its invoices are numbered without a gap from `invoiceStartNumber`, 1 if it is left out.
    """

    def work(session: Session) -> Answer:
        supplier = suppliers.create(session, g.organization_id, body)
        return Answer(201, Supplier().dump(supplier), {"Location": f"{PATH}/{supplier.id}"})

    return once(work).response()


@suppliers_api.route(f"{PATH}/<row_id:supplier_id>")
@suppliers_api.response(200, Supplier)
@suppliers_api.refuses(404)
def show_supplier(supplier_id: int) -> Any:
    """Show one supplier.

    Invoices keep the supplier as it was when they were issued.
    """
    with transaction() as session:
        return suppliers.get(session, g.organization_id, supplier_id)


@suppliers_api.route(f"{PATH}/<row_id:supplier_id>", methods=["PUT"])
@suppliers_api.arguments(SupplierBody())
@suppliers_api.response(200, Supplier)
@suppliers_api.refuses(404, 409)
def replace_supplier(body: dict[str, Any], supplier_id: int) -> Any:
    """Replace a supplier: a field that is absent or null is cleared, or its default again.

    Once an invoice is issued, `invoicePrefix`, `invoiceNumberDigits` and `invoiceStartNumber` cannot change: send them
    as they are. A 409 names them.
    """
    with transaction() as session:
        return suppliers.change(session, g.organization_id, supplier_id, body)


@suppliers_api.route("/api/v1/suppliers/<row_id:supplier_id>/numbering/audit")
@suppliers_api.response(200, Audit)
@suppliers_api.refuses(404)
def audit_numbering(supplier_id: int) -> Response:
    """Recompute the series of a supplier from its rows.

    It reads every invoice of the supplier: the numbers, the chain of hashes and the order of the dates.
    """
    with report() as session:
        findings = audit.audit(session, g.organization_id, supplier_id)
    return Answer(200, findings).response()

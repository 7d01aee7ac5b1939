"""The suppliers, who issue invoices, and the proof that their numbers are complete."""

from typing import Any, cast

from flask import Response, g
from marshmallow import fields
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.parties import CODE_MEANT, SERIES_CODE, SupplierBody
from api.http.changes import change
from api.http.documents import JSON_LINES, numbering_report
from api.http.fields import LARGEST_ID, TEXT, Choice, Text, Whole
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.http.schema import Body, CamelSchema, Query
from api.http.shares import heavy
from api.parties.schemas import Supplier
from db.transaction import report, transaction
from domain.invoices import audit, verification
from domain.invoices.request import SERIES
from domain.invoices.series import CHRONOLOGIES
from domain.parties import suppliers

PATH = "/api/v1/parties/suppliers"
suppliers_api = Blueprint(
    "suppliers", __name__, description="Suppliers issue invoices. Each has one or more number series."
)
SERIES_OF_PLACE = "The series of the `number`: `invoice` by default for a whole number, any for text."
HASH = r"^[0-9a-fA-F]{64}$"
MAX_NUMBER_LENGTH = 60


class SeriesNumber(fields.Field[int | str]):
    """The number of an invoice: as text with its prefix, or as a whole number its place in the series."""

    def __init__(self, **options: Any):
        whole = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
        printed = {"type": "string", "minLength": 1, "maxLength": MAX_NUMBER_LENGTH, "pattern": TEXT}
        told = "`invoiceNumber` as text, or `invoiceNumberInt` as a number."
        super().__init__(metadata={"anyOf": [whole, printed], "description": told}, **options)
        self._whole, self._printed = Whole(), Text(MAX_NUMBER_LENGTH, required=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | str:
        one = self._printed if isinstance(value, str) else self._whole
        return cast(int | str, one.deserialize(value, attr, data))


class WhichSeries(Query):
    series_code = Text(
        20, load_default=SERIES, pattern=SERIES_CODE, meant=CODE_MEANT, description="The series, `invoice` by default."
    )


class Audit(CamelSchema):
    """The series recomputed from its rows; each list is empty if nothing is wrong, and names 1,000 at most.

    `lateDates` are dated before the invoice with the number before: a fault where `chronology` is strict.
    """

    series_code = fields.String()
    chronology = Choice(*CHRONOLOGIES)
    first = fields.Integer(allow_none=True)
    last = fields.Integer(allow_none=True)
    count = fields.Integer()
    gaps = fields.List(fields.Integer())
    duplicates = fields.List(fields.Integer())
    broken_links = fields.List(fields.Integer())
    late_dates = fields.List(fields.Integer())
    truncated = fields.Boolean()
    head_hash = fields.String()


class HandedOut(Body):
    """An invoice as somebody was told of it."""

    EXAMPLES = {"As the invoice showed it": {"number": "INV-000001", "hash": "5f" * 32}}

    number = SeriesNumber(required=True)
    series_code = Text(20, pattern=SERIES_CODE, meant=CODE_MEANT, description=SERIES_OF_PLACE)
    hash = Text(64, required=True, pattern=HASH, meant="be 64 hexadecimal digits", description="The invoice's `hash`.")


class Verification(CamelSchema):
    """`matches`: it is as it was. `differs`: another invoice has the number, or it was changed. `missing`: none has."""

    verdict = Choice(*verification.Verdict)


@suppliers_api.route(PATH, "suppliers:read")
@suppliers_api.arguments(Page(), location="query")
@suppliers_api.response(200, Supplier(many=True), headers=LINK)
def list_suppliers(query: dict[str, Any]) -> Any:
    """List suppliers.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = suppliers.page(session, g.organization_id, *place(query, 0))
        return page(rows, query, Supplier())


@suppliers_api.route(PATH, "suppliers:manage", methods=["POST"])
@suppliers_api.arguments(SupplierBody())
@suppliers_api.response(201, Supplier)
@suppliers_api.idempotent
def create_supplier(body: dict[str, Any]) -> Response:
    """Create a supplier with its number series.

    Its invoices are numbered without a gap from `invoiceStartNumber`, 1 if it is left out. See `series` for more than
    one series, numbers that restart each year, and prefixes with the year or month.
    """

    def work(session: Session) -> Answer:
        supplier = suppliers.create(session, g.organization_id, body)
        return Answer(201, Supplier().dump(supplier), {"Location": f"{PATH}/{supplier.id}"})

    return once(work).response()


@suppliers_api.route(f"{PATH}/<row_id:supplier_id>", "suppliers:read")
@suppliers_api.response(200, Supplier)
@suppliers_api.refuses(404)
def show_supplier(supplier_id: int) -> Any:
    """Show one supplier.

    Invoices keep the supplier as it was when they were issued.
    """
    with transaction() as session:
        return suppliers.get(session, g.organization_id, supplier_id)


@suppliers_api.route(f"{PATH}/<row_id:supplier_id>", "suppliers:manage", methods=["PUT"])
@suppliers_api.arguments(SupplierBody())
@suppliers_api.response(200, Supplier)
@suppliers_api.refuses(404, 409)
def replace_supplier(body: dict[str, Any], supplier_id: int) -> Any:
    """Replace a supplier: a field that is absent or null is cleared, or its default again.

    Once an invoice is issued, `invoicePrefix`, `invoiceNumberDigits` and `invoiceStartNumber` cannot change, nor can
    what any series that was used says, but for its `chronology`: send them as they are. A 409 names them. `series`,
    `taxRounding` and `timeZone` stay as they are when they are absent.
    """
    with change() as session:
        return suppliers.change(session, g.organization_id, supplier_id, body)


@suppliers_api.route("/api/v1/suppliers/<row_id:supplier_id>/numbering/audit", "suppliers:read")
@suppliers_api.arguments(WhichSeries(), location="query")
@suppliers_api.response(200, Audit)
@suppliers_api.refuses(404)
@heavy
def audit_numbering(query: dict[str, Any], supplier_id: int) -> Response:
    """Recompute a series of a supplier from its rows.

    It reads every invoice of the series: the numbers, the chain of hashes and the order of the dates.
    """
    with report() as session:
        findings = audit.audit(session, g.organization_id, supplier_id, query["series_code"])
    return Answer(200, findings).response()


@suppliers_api.route("/api/v1/suppliers/<row_id:supplier_id>/numbering/report", "suppliers:read")
@suppliers_api.arguments(WhichSeries(), location="query")
@suppliers_api.response(200, {"type": "string"}, content_type=JSON_LINES)
@suppliers_api.refuses(404, 409)
@heavy
def report_numbering(query: dict[str, Any], supplier_id: int) -> Response:
    """Download the audit of a series as a signed report, with the content and hash of every invoice.

    Whoever has it checks it by `counterfoil verify`, without this installation. It is JSON Lines: a head, each invoice,
    the audit, and an Ed25519 signature over the SHA-256 of the lines before. 409 if the installation has no key.
    """
    return numbering_report(g.organization_id, supplier_id, query["series_code"])


@suppliers_api.route("/api/v1/suppliers/<row_id:supplier_id>/numbering/verify", "suppliers:read", methods=["POST"])
@suppliers_api.arguments(HandedOut())
@suppliers_api.response(200, Verification)
@suppliers_api.refuses(404)
def verify_numbering(body: dict[str, Any], supplier_id: int) -> Any:
    """Compare the number and hash of an invoice, as somebody was told of them, with the series.

    After a failover to a server that lacked the last commits, `differs` and `missing` name what was lost: an invoice
    that was handed out and is not in the books. It has to be issued again, or its number explained.
    """
    with transaction() as session:
        handed_out = bytes.fromhex(body["hash"])
        verdict = verification.verify(
            session, g.organization_id, supplier_id, body["number"], handed_out, body.get("series_code")
        )
    return {"verdict": verdict}

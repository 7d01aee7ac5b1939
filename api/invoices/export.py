"""Many invoices at once, for the accountant."""

from typing import Any

from flask import Response, g
from marshmallow import ValidationError, fields, validates_schema

from api.http.blueprint import Blueprint
from api.http.fields import Day, Flag, Whole
from api.http.schema import CamelSchema, Query
from api.http.shares import heavy
from db.transaction import report
from domain.einvoices import syntax
from domain.invoices import archive, catalogue, table
from domain.parties import suppliers

ZIP, CSV = "application/zip", "text/csv"
export_api = Blueprint(
    "invoice export",
    __name__,
    description="The PDFs of many invoices in one file.",
    url_prefix="/api/v1/invoices/export",
)


class SpanQuery(Query):
    supplier_id = Whole(query=True, required=True, description="The supplier who issued the invoices.")
    start_date = Day(description="Only invoices issued on this day or later.")
    end_date = Day(description="Only invoices issued on this day or earlier.")

    @validates_schema
    def check_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "start_date" in data and "end_date" in data and data["end_date"] < data["start_date"]:
            raise ValidationError("must not be before startDate", "endDate")


class ArchiveQuery(SpanQuery):
    xml = Flag(query=True, load_default=False, description="true: the XML of each invoice as well.")


class Preview(CamelSchema):
    count = fields.Integer()
    earliest_date = Day(allow_none=True)
    latest_date = Day(allow_none=True)
    exceeds_limit = Flag()
    limit = fields.Integer()


@export_api.route("/preview", "invoices:read")
@export_api.arguments(SpanQuery(), location="query")
@export_api.response(200, Preview)
@export_api.refuses(404)
def preview_export(query: dict[str, Any]) -> Any:
    """Count what an archive would hold.

    `exceedsLimit` says that the archive would be refused: choose a shorter span of days.
    """
    with report() as session:
        suppliers.get(session, g.organization_id, query["supplier_id"])
        found = catalogue.summary(session, g.organization_id, _span(query))
    return {
        "count": found.count,
        "earliest_date": found.earliest_date,
        "latest_date": found.latest_date,
        "exceeds_limit": found.count > archive.MAX_INVOICES,
        "limit": archive.MAX_INVOICES,
    }


@export_api.route("/csv", "invoices:read")
@export_api.arguments(SpanQuery(), location="query")
@export_api.response(200, {"type": "string"}, content_type=CSV)
@export_api.refuses(404)
@heavy
def download_table(query: dict[str, Any]) -> Response:
    """Download invoices as a table: a row for each tax category and rate of each invoice.

    The table is CSV: number, type, dates, client, currency, `taxCategory`, `taxRate` (a fraction, 0.2 for 20 %),
    `taxableAmount`, `taxAmount`, and `total`, their sum. Amounts of a credit note are below zero, so that each column
    adds up. A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    with report() as session:
        suppliers.get(session, g.organization_id, query["supplier_id"])
    headers = {"Content-Disposition": 'attachment; filename="invoices.csv"'}
    return Response(table.stream(g.organization_id, _span(query)), headers=headers, mimetype=CSV)


@export_api.route("/zip", "invoices:read")
@export_api.arguments(ArchiveQuery(), location="query")
@export_api.response(200, {"type": "string", "format": "binary"}, content_type=ZIP)
@export_api.refuses(404)
@heavy
def download_export(query: dict[str, Any]) -> Response:
    """Download the PDFs of up to 500 invoices.

    The archive is a ZIP file with one PDF for each invoice, and with `xml=true` its XML (EN 16931 in CII). More than
    500 invoices are refused with 400.
    """
    if query["xml"]:
        syntax.require_installed()
    with report() as session:
        suppliers.get(session, g.organization_id, query["supplier_id"])
        ids = archive.choose(session, g.organization_id, _span(query))
    headers = {"Content-Disposition": 'attachment; filename="invoices.zip"'}
    return Response(archive.stream(g.organization_id, ids, query["xml"]), headers=headers, mimetype=ZIP)


def _span(query: dict[str, Any]) -> catalogue.Span:
    return catalogue.Span(query["supplier_id"], query.get("start_date"), query.get("end_date"))

"""The proof that no number is missing: each series recomputed, its chain, and the report that proves itself."""

from flask import Response, g, render_template, request

from api.http.documents import numbering_report
from api.http.shares import heavy
from console.forms import integer
from console.lists import ROWS, after, listed
from console.pages import Pages
from db.transaction import report, transaction
from domain.errors import Invalid
from domain.invoices import audit, audits, verification
from domain.parties import supplier_series, suppliers

numbering_pages = Pages("numbering", __name__)
HASH_BYTES = 32
PATH = "/numbering/<row_id:supplier_id>/<code>"


@numbering_pages.page("/numbering", "suppliers:read")
def show_numbering():
    """Show each series of each supplier, and how far its numbers have come."""
    with report() as session:
        found = listed(suppliers.page(session, g.organization_id, after() or 0, ROWS + 1))
        last = audits.of_suppliers(session, [one.id for one in found.rows])
    return render_template("numbering.html", suppliers=found, audits=last)


@numbering_pages.page(f"{PATH}/audit", "suppliers:read")
@heavy
def audit_numbering(supplier_id: int, code: str) -> str:
    """Show what is found when a series is recomputed from its rows."""
    with report() as session:
        supplier = suppliers.get(session, g.organization_id, supplier_id)
        series = supplier_series.get(session, supplier_id, code)
        found = audit.audit(session, g.organization_id, supplier_id, code)
    return render_template(
        "numbering_audit.html", supplier=supplier, series=series, found=found, is_whole=audits.is_whole(found)
    )


@numbering_pages.page(f"{PATH}/report", "suppliers:read")
@heavy
def report_numbering(supplier_id: int, code: str) -> Response:
    """Download the signed report of a series."""
    return numbering_report(g.organization_id, supplier_id, code)


@numbering_pages.page(f"{PATH}/verify", "suppliers:read")
def verify_numbering(supplier_id: int, code: str) -> str:
    """Show whether an invoice that somebody holds stands in the series as it was."""
    number = request.args.get("number", "").strip()
    try:
        handed_out = bytes.fromhex(request.args.get("hash", ""))
    except ValueError:
        handed_out = b""
    if not number or len(handed_out) != HASH_BYTES:
        raise Invalid.fields({"number": ["is needed, and the hash of the invoice, 64 hexadecimal digits"]})
    with transaction() as session:
        supplier = suppliers.get(session, g.organization_id, supplier_id)
        place = integer(number)
        verdict = verification.verify(session, g.organization_id, supplier_id, place, handed_out, code)
    return render_template(
        "numbering_verified.html", supplier=supplier, code=code, number=number, verdict=verdict.value
    )

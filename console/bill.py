"""One bill beside its pages: put right, approved or rejected, taken back, read again."""

from flask import g, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api.http.bodies.bills import BillFieldsBody, RejectionBody
from api.http.changes import change
from console import bill_fields, forms
from console.bills import bills_pages
from console.pages import field, lead_to
from db.models import Bill
from db.transaction import transaction
from domain.accounting import chart
from domain.bills import catalogue, duplicates, readings, review
from domain.bills.content import FIELDS, Page, public_name
from domain.bills.status import DECIDED, UNDECIDED, UNDER_WAY, Status

TO_REVIEW = (*UNDECIDED, Status.ERROR)
# Of a page that nobody has read yet: A4, in points.
WIDTH, HEIGHT = 595, 842


@bills_pages.page("/bills/<row_id:bill_id>", "bills:read")
def show_bill(bill_id: int) -> str:
    """Show a bill: its pages, its fields, what speaks against it, and what can be done."""
    with transaction() as session:
        bill = catalogue.get(session, g.organization_id, bill_id)
        pages = _pages(session, bill)
        twins = duplicates.of_bills(session, g.organization_id, [bill_id])[bill_id]
        expenses = [one for one in chart.accounts(session, g.organization_id) if one.type == "expense"]
        usual = review.usual_account(session, bill)
        following, previous = _neighbours(session, bill_id)
    return render_template(
        "bill.html",
        bill=bill,
        pages=pages,
        fields=bill_fields.shown(bill),
        columns=bill_fields.table_columns,
        twins=twins,
        accounts=[(one.code, f"{one.code} {one.name}") for one in expenses],
        account=bill.account_code or usual,
        following=following,
        previous=previous,
        under_way=bill.status in UNDER_WAY,
        to_review=bill.status in TO_REVIEW,
        decided=bill.status in DECIDED,
    )


@bills_pages.act("/bills/<row_id:bill_id>/fields", "bills:review", back=show_bill)
def put_bill_right(bill_id: int) -> Response:
    """Set the fields that a person has changed."""
    with change() as session:
        _put_right(session, bill_id)
    return lead_to("bills.show_bill", "saved", bill_id=bill_id)


@bills_pages.act("/bills/<row_id:bill_id>/approve", "bills:approve", back=show_bill)
def approve_bill(bill_id: int) -> Response:
    """Set the fields that a person has changed, and approve the bill."""
    no_duplicate = "confirmDuplicate" in request.form
    with change() as session:
        _put_right(session, bill_id)
        review.approve(session, g.organization_id, bill_id, no_duplicate, field("accountCode") or None)
    return lead_to("bills.show_bill", "approved", bill_id=bill_id)


@bills_pages.act("/bills/<row_id:bill_id>/reject", "bills:approve", back=show_bill)
def reject_bill(bill_id: int) -> Response:
    """Reject a bill, for a reason."""
    body = forms.loaded(RejectionBody(), {"reason": field("reason")})
    with change() as session:
        review.reject(session, g.organization_id, bill_id, body["reason"])
    return lead_to("bills.show_bill", "rejected", bill_id=bill_id)


@bills_pages.act("/bills/<row_id:bill_id>/reopen", "bills:approve", back=show_bill)
def reopen_bill(bill_id: int) -> Response:
    """Take back that a bill was approved or rejected."""
    with change() as session:
        review.reopen(session, g.organization_id, bill_id)
    return lead_to("bills.show_bill", "reopened", bill_id=bill_id)


@bills_pages.act("/bills/<row_id:bill_id>/reprocess", "bills:review", back=show_bill)
def reprocess_bill(bill_id: int) -> Response:
    """Have a bill read again."""
    with change() as session:
        review.reprocess(session, g.organization_id, bill_id)
    return lead_to("bills.show_bill", bill_id=bill_id)


def _put_right(session: Session, bill_id: int) -> None:
    if body := bill_fields.said():
        g.caller.require("bills:review")
        said = review.said(forms.loaded(BillFieldsBody(), body, *map(public_name, FIELDS)))
        review.put_right(session, g.organization_id, bill_id, said)


def _pages(session: Session, bill: Bill) -> list[tuple[Page, list[bill_fields.Rect]]]:
    """Return the pages of a bill, each with where its fields stand."""
    reading = readings.of(session, bill)
    read = {page.number: page for page in (reading.pages if reading else ())}
    numbers = range(1, (bill.page_count or 0) + 1)
    pages = [read.get(n) or Page(n, WIDTH, HEIGHT, "", ()) for n in numbers]
    return [(page, list(bill_fields.rects(bill, page.number))) for page in pages]


def _neighbours(session: Session, bill_id: int) -> tuple[Bill | None, Bill | None]:
    """Return the bills that wait for review: the next older one, or else the newest, and the next newer one."""
    newest = catalogue.page(session, g.organization_id, TO_REVIEW, None, 1)
    older = catalogue.page(session, g.organization_id, TO_REVIEW, bill_id, 1)
    newer = catalogue.after(session, g.organization_id, TO_REVIEW, bill_id)
    following = [one for one in (*older, *newest) if one.id != bill_id]
    return (following[0] if following else None), newer

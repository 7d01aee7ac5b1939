"""Bills: the invoices that the organization receives; read, checked, then approved or rejected by people."""

from types import SimpleNamespace
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.bills.schemas import Bill, BillAccepted, BillHead, BillPage, FileLink
from api.http.blueprint import Blueprint
from api.http.bodies.bills import ApprovalBody, BillFieldsBody, RejectionBody
from api.http.changes import change
from api.http.downloads import HEADERS, download
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, page, place
from api.http.shares import heavy
from api.http.uploads import Upload, takes_file
from db.transaction import report, transaction
from domain.bills import catalogue, duplicates, pictures, review
from domain.bills.intake import UPLOAD, receive
from domain.files import links, storing

PATH = "/api/v1/bills"
ONE = f"{PATH}/<row_id:bill_id>"
BINARY = {"type": "string", "format": "binary"}
bills_api = Blueprint(
    "bills",
    __name__,
    description="Invoices that the organization has received: sent as files, read, put right, approved or rejected.",
)


@bills_api.route(PATH, "bills:read")
@bills_api.arguments(BillPage(), location="query")
@bills_api.response(200, BillHead(many=True), headers=LINK)
def list_bills(query: dict[str, Any]) -> Any:
    """List bills, newest first.

    Their fields and checks are left out; `showBill` has them.
    """
    statuses = [query["status"]] if "status" in query else []
    with report() as session:
        rows = catalogue.page(session, g.organization_id, statuses, *place(query))
        return page(rows, query, BillHead())


@bills_api.route(PATH, "bills:upload", methods=["POST"])
@bills_api.response(202, BillAccepted)
@bills_api.alt_response(200, schema=BillAccepted)
@bills_api.refuses(409, 429)
@bills_api.idempotent
@takes_file
def upload_bill(upload: Upload) -> Response:
    """Send the file of a bill: it is read after the answer, by a job.

    A PDF, PNG, JPEG, TIFF, WebP or XML of up to 20 MB; its content decides, not its name. For the same bytes again the
    answer is 200, with the bill that is there.
    """

    def work(session: Session) -> Answer:
        bill, new = receive(session, upload.file, upload.name, UPLOAD)
        told = _accepted(bill, "the bill is read in the background" if new else "this file is here already")
        return Answer(202 if new else 200, told, {"Location": f"{PATH}/{bill.id}"})

    return once(work, prepare=upload.store).response()


@bills_api.route(ONE, "bills:read")
@bills_api.response(200, Bill)
@bills_api.refuses(404)
def show_bill(bill_id: int) -> Any:
    """Show one bill: its fields, each with where it comes from, and the checks that it passed or did not.

    A bill that `needs_review` has a check that did not pass, a field that is not certain, or `duplicates`.
    """
    with transaction() as session:
        return _shown(session, catalogue.get(session, g.organization_id, bill_id))


@bills_api.route(f"{ONE}/file", "bills:read")
@bills_api.response(200, BINARY, content_type="*/*", headers=HEADERS)
@bills_api.refuses(404)
def download_bill(bill_id: int) -> Response:
    """Download the file of a bill, as it was received.

    It is whatever a stranger has sent: open it with care.
    """
    with transaction() as session:
        bill = catalogue.get(session, g.organization_id, bill_id)
        file = storing.find(session, g.organization_id, bill.sha256)
    return download(file, bill.file_name)


@bills_api.route(f"{ONE}/file-link", "bills:read")
@bills_api.response(200, FileLink)
@bills_api.refuses(404, 409)
def link_bill_file(bill_id: int) -> Any:
    """Get an address of the file of a bill that needs no key and is good for five minutes.

    For a browser, or for somebody who may see this file and nothing else.
    """
    with transaction() as session:
        bill = catalogue.get(session, g.organization_id, bill_id)
        return {"url": links.signed(session, g.organization_id, bill.sha256, bill.file_name)}


@bills_api.route(f"{ONE}/pages/<row_id:page_number>.png", "bills:read")
@bills_api.response(200, BINARY, content_type="image/png")
@bills_api.refuses(404)
@heavy
def show_bill_page(bill_id: int, page_number: int) -> Response:
    """Show a page of a bill as a picture, counted from 1.

    Its words stand where the `box` of a field says, also where the page was turned to be read.
    """
    with transaction() as session:
        wanted = pictures.find(session, g.organization_id, bill_id, page_number)
    return Response(pictures.draw(wanted), mimetype="image/png")


@bills_api.route(f"{ONE}/fields", "bills:review", methods=["PUT"])
@bills_api.arguments(BillFieldsBody())
@bills_api.response(200, Bill)
@bills_api.refuses(404, 409)
def put_bill_right(body: dict[str, Any], bill_id: int) -> Any:
    """Set fields of a bill; those that are left out stay as they are.

    What a person has set is certain, and stays when the bill is read again. The next bill of the supplier is read
    accordingly.
    """
    said = review.said(body)
    with change() as session:
        return _shown(session, review.put_right(session, g.organization_id, bill_id, said))


@bills_api.route(f"{ONE}/approve", "bills:approve", methods=["POST"])
@bills_api.arguments(ApprovalBody(), required=False)
@bills_api.response(200, Bill)
@bills_api.refuses(404, 409)
@bills_api.idempotent
def approve_bill(body: dict[str, Any], bill_id: int) -> Response:
    """Approve a bill: it is booked as an expense and as input tax, against what is payable.

    409 if a field is missing that is needed for that, or if it looks like another bill: `confirmDuplicate` says that it
    is none.
    """

    def work(session: Session) -> Answer:
        bill = review.approve(session, g.organization_id, bill_id, **body)
        return Answer(200, Bill().dump(_shown(session, bill)))

    return once(work).response()


@bills_api.route(f"{ONE}/reject", "bills:approve", methods=["POST"])
@bills_api.arguments(RejectionBody())
@bills_api.response(200, Bill)
@bills_api.refuses(404, 409)
@bills_api.idempotent
def reject_bill(body: dict[str, Any], bill_id: int) -> Response:
    """Reject a bill; it keeps the reason.

    Nothing is booked. `reopenBill` takes it back.
    """

    def work(session: Session) -> Answer:
        bill = review.reject(session, g.organization_id, bill_id, body["reason"])
        return Answer(200, Bill().dump(_shown(session, bill)))

    return once(work).response()


@bills_api.route(f"{ONE}/reopen", "bills:approve", methods=["POST"])
@bills_api.response(200, Bill)
@bills_api.refuses(404, 409)
@bills_api.idempotent
def reopen_bill(bill_id: int) -> Response:
    """Take back that a bill was approved or rejected.

    Its entries leave the journal. It needs review again, with the fields that it had.
    """

    def work(session: Session) -> Answer:
        return Answer(200, Bill().dump(_shown(session, review.reopen(session, g.organization_id, bill_id))))

    return once(work).response()


@bills_api.route(f"{ONE}/reprocess", "bills:review", methods=["POST"])
@bills_api.response(202, BillAccepted)
@bills_api.refuses(404, 409)
@bills_api.idempotent
def reprocess_bill(bill_id: int) -> Response:
    """Read a bill again; what a person has set stays.

    For one that could not be read, or that is read better now.
    """

    def work(session: Session) -> Answer:
        bill = review.reprocess(session, g.organization_id, bill_id)
        return Answer(202, _accepted(bill, "the bill is read again"), {"Location": f"{PATH}/{bill.id}"})

    return once(work).response()


def _shown(session: Session, bill: Any) -> Any:
    found = duplicates.of_bills(session, bill.organization_id, [bill.id])
    return SimpleNamespace(**vars(bill), duplicates=found[bill.id])


def _accepted(bill: Any, message: str) -> dict[str, Any]:
    return {"billId": bill.id, "jobId": bill.job_id, "status": bill.status, "message": message}

"""Bills: uploaded, listed by what is to be done with them, and their pages as pictures."""

from functools import partial
from typing import Any

from flask import g, render_template, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from api.http.changes import change
from api.http.downloads import download
from api.http.security import accepts_body
from api.http.shares import heavy
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from console.words import gettext as _
from console.words import said
from db.transaction import report, transaction
from domain.bills import catalogue, pictures
from domain.bills.intake import UPLOAD, Received, receive
from domain.bills.status import Status
from domain.errors import Invalid, Refusal
from domain.files import storing
from domain.files.media_types import TAKEN
from domain.files.names import clean
from domain.files.spooling import MAX_FILE_BYTES, MAX_FILE_MB, spool

bills_pages = Pages("bills", __name__)
MAX_COUNTED = 99
PIECE_BYTES = 64 * 1024
# Of the files that one form sends together.
MAX_FORM_BYTES = 5 * MAX_FILE_BYTES


@bills_pages.page("/bills", "bills:read")
def list_bills() -> str:
    """Show the bills of a status, or all, newest first, and the form by which more are uploaded."""
    status = request.args.get("status", "")
    wanted = [status] if status in list(Status) else []
    with report() as session:
        found = listed(catalogue.page(session, g.organization_id, wanted, after(), ROWS + 1))
        counts = catalogue.counts(session, g.organization_id, MAX_COUNTED + 1)
    limits = {"max_mb": MAX_FILE_MB, "max_bytes": MAX_FILE_BYTES, "taken": TAKEN, "most": MAX_COUNTED}
    return render_template("bills.html", bills=found, counts=counts, statuses=list(Status), **limits)


def upload_bill() -> Response:
    """Take the files of a form, each by itself: what is wrong with one does not keep the others out."""
    files = [file for file in request.files.getlist("file") if file.filename]
    if not files:
        raise Invalid.fields({"file": [_("is required")]})
    taken: list[Received] = []
    wrong: list[str] = []
    for file in files:
        try:
            taken.append(_take(file))
        except Refusal as refused:
            wrong.append(f"{clean(file.filename)}: {said(refused.message)}")
    if wrong:
        raise Invalid("; ".join(wrong))
    if len(taken) == 1:
        [(bill, new)] = taken
        return lead_to("bills.show_bill", "uploaded" if new else "here-already", bill_id=bill.id)
    return lead_to("bills.list_bills", "uploaded", n=len(taken))


accepts_body(upload_bill, MAX_FORM_BYTES)
bills_pages.act("/bills", "bills:upload", back=list_bills)(upload_bill)


@bills_pages.page("/bills/<row_id:bill_id>/file", "bills:read")
def download_bill(bill_id: int) -> Any:
    """Send the file of a bill, as it was received."""
    with transaction() as session:
        bill = catalogue.get(session, g.organization_id, bill_id)
        file = storing.find(session, g.organization_id, bill.sha256)
    return download(file, bill.file_name)


@bills_pages.page("/bills/<row_id:bill_id>/pages/<row_id:page_number>.png", "bills:read")
@heavy
def show_bill_page(bill_id: int, page_number: int) -> Response:
    """Send a page of a bill as a picture."""
    with transaction() as session:
        wanted = pictures.find(session, g.organization_id, bill_id, page_number)
    return Response(pictures.draw(wanted), mimetype="image/png")


def _take(file: FileStorage) -> Received:
    """Store a file, then write its bill."""
    with spool(iter(partial(file.stream.read, PIECE_BYTES), b"")) as spooled:
        stored = storing.store(g.organization_id, spooled)
    with change() as session:
        return receive(session, stored, clean(file.filename), UPLOAD)

"""Goods that go from one location to another: sent first, then completed."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.inventory import NotesBody, TransferBody
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.inventory.operations import TakeStep
from api.inventory.schemas import Transfer, TransferAccepted, TransferHead
from api.jobs.outcome import outcome_of
from db import models
from db.transaction import report, transaction
from domain.inventory import documents
from domain.inventory.steps import COMPLETE, SEND

PATH = "/api/v1/transfers"
transfers_api = Blueprint(
    "transfers", __name__, description="Goods moved from one location to another.", url_prefix=PATH
)


@transfers_api.route("", "transfers:read")
@transfers_api.arguments(Page(), location="query")
@transfers_api.response(200, TransferHead(many=True), headers=LINK)
def list_transfers(query: dict[str, Any]) -> Any:
    """List transfers, newest first.

    The lines are left out; `showTransfer` has them.
    """
    with report() as session:
        rows = documents.page(session, models.Transfer, g.organization_id, *place(query))
        return page(rows, query, TransferHead())


@transfers_api.route("", "transfers:create", methods=["POST"])
@transfers_api.arguments(TransferBody())
@transfers_api.response(201, Transfer)
@transfers_api.idempotent
def create_transfer(body: dict[str, Any]) -> Response:
    """Draft a transfer; nothing moves yet.

    Send it, then complete it: the goods leave the one location and arrive at the other.
    """

    def work(session: Session) -> Answer:
        transfer = documents.create_transfer(session, g.organization_id, body)
        return Answer(201, Transfer().dump(transfer), {"Location": f"{PATH}/{transfer.id}"})

    return once(work).response()


@transfers_api.route("/<row_id:transfer_id>", "transfers:read")
@transfers_api.response(200, Transfer)
@transfers_api.refuses(404)
def show_transfer(transfer_id: int) -> Any:
    """Show one transfer.

    `jobId` is the job that moves the goods, null while the transfer is a draft.
    """
    with transaction() as session:
        return documents.get(session, models.Transfer, g.organization_id, transfer_id)


@transfers_api.route("/<row_id:transfer_id>/send", "transfers:send", methods=["POST"])
@transfers_api.arguments(NotesBody(), required=False)
@transfers_api.response(200, Transfer)
@transfers_api.alt_response(202, schema=TransferAccepted)
@transfers_api.refuses(404, 409)
@transfers_api.idempotent
@transfers_api.preferable
def send_transfer(body: dict[str, Any], transfer_id: int) -> Response:
    """Send a transfer while the caller waits; what takes too long goes on as a job.

    Each line leaves its location once. 409 names every line for which there is too little stock.
    """
    return outcome_of(TakeStep(SEND, Transfer(), transfer_id, body))


@transfers_api.route("/<row_id:transfer_id>/complete", "transfers:complete", methods=["POST"])
@transfers_api.arguments(NotesBody(), required=False)
@transfers_api.response(200, Transfer)
@transfers_api.alt_response(202, schema=TransferAccepted)
@transfers_api.refuses(404, 409)
@transfers_api.idempotent
@transfers_api.preferable
def complete_transfer(body: dict[str, Any], transfer_id: int) -> Response:
    """Complete a sent transfer while the caller waits; what takes too long goes on as a job.

    Each line arrives once, with the value that it left with.
    """
    return outcome_of(TakeStep(COMPLETE, Transfer(), transfer_id, body))


@transfers_api.route("/<row_id:transfer_id>/send-async", "transfers:send", methods=["POST"])
@transfers_api.arguments(NotesBody(), required=False)
@transfers_api.response(202, TransferAccepted)
@transfers_api.refuses(404, 409)
@transfers_api.idempotent
def send_transfer_async(body: dict[str, Any], transfer_id: int) -> Response:
    """Send a transfer as a job.

    The answer is 202 at once; `showJob` says how far the job has come.
    """
    return once(lambda session: TakeStep(SEND, Transfer(), transfer_id, body).accept(session, 0.0)).response()


@transfers_api.route("/<row_id:transfer_id>/complete-async", "transfers:complete", methods=["POST"])
@transfers_api.arguments(NotesBody(), required=False)
@transfers_api.response(202, TransferAccepted)
@transfers_api.refuses(404, 409)
@transfers_api.idempotent
def complete_transfer_async(body: dict[str, Any], transfer_id: int) -> Response:
    """Complete a sent transfer as a job.

    The answer is 202 at once; `showJob` says how far the job has come.
    """
    return once(lambda session: TakeStep(COMPLETE, Transfer(), transfer_id, body).accept(session, 0.0)).response()

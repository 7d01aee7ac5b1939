"""Transfers: drafted, sent and completed, each step watched to its end, and undone where it is half done."""

from typing import Any

from flask import g, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api.http.bodies.inventory import TransferBody
from console import goods
from console.forms import once
from console.pages import Pages, lead_to
from db.models import Transfer
from db.transaction import transaction
from domain.inventory import documents
from domain.inventory.steps import COMPLETE, SEND

transfers_pages = Pages("transfers", __name__)


@transfers_pages.page("/transfers", "transfers:read")
def list_transfers() -> str:
    """Show the transfers, newest first."""
    found = goods.page(Transfer)
    places = goods.names(found.rows, "from_location_id", "to_location_id")
    return render_template("transfers.html", transfers=found, places=places)


@transfers_pages.page("/transfers/new", "transfers:create")
def new_transfer() -> str:
    """Show the form of a new transfer."""
    return render_template("transfer_new.html", **goods.form())


@transfers_pages.act("/transfers/new", "transfers:create", back=new_transfer)
def create_transfer() -> Response | str:
    """Draft a transfer."""
    if goods.asks_for_rows():
        return new_transfer()

    def work(session: Session) -> dict[str, Any]:
        with goods.told_as_typed():
            body = goods.body(session, TransferBody(), ("fromLocationId", "toLocationId"))
            transfer = documents.create_transfer(session, g.organization_id, body)
            return {"id": transfer.id}

    return lead_to("transfers.show_transfer", "drafted", transfer_id=once(work)["id"])


@transfers_pages.page("/transfers/<row_id:transfer_id>", "transfers:read")
def show_transfer(transfer_id: int) -> str:
    """Show a transfer with its lines, and how far its job has come."""
    with transaction() as session:
        found = goods.shown(session, Transfer, transfer_id)
    places = goods.names([found["document"]], "from_location_id", "to_location_id")
    return render_template("transfer.html", **found, places=places)


@transfers_pages.act("/transfers/<row_id:transfer_id>/send", "transfers:send", back=show_transfer)
def send_transfer(transfer_id: int) -> Response:
    """Have the goods leave their location."""
    goods.owe(SEND.kind, SEND, transfer_id)
    return lead_to("transfers.show_transfer", transfer_id=transfer_id)


@transfers_pages.act("/transfers/<row_id:transfer_id>/complete", "transfers:complete", back=show_transfer)
def complete_transfer(transfer_id: int) -> Response:
    """Have the goods arrive."""
    goods.owe(COMPLETE.kind, COMPLETE, transfer_id)
    return lead_to("transfers.show_transfer", transfer_id=transfer_id)


@transfers_pages.act("/transfers/<row_id:transfer_id>/undo", "transfers:send", back=show_transfer)
def undo_transfer(transfer_id: int) -> Response:
    """Put back what was left half done."""
    g.caller.require("jobs:create")
    goods.owe(SEND.undo_kind, SEND, transfer_id)
    return lead_to("transfers.show_transfer", transfer_id=transfer_id)

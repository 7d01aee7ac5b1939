"""The clients, who receive invoices."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.parties import ClientBody
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.http.problems import invalid
from api.parties.schemas import Client, Identity, Search
from db.transaction import report, transaction
from domain.parties import clients

clients_api = Blueprint("clients", __name__, description="Clients receive invoices.", url_prefix="/api/v1/parties")


@clients_api.route("/clients", "clients:read")
@clients_api.arguments(Page(), location="query")
@clients_api.response(200, Client(many=True), headers=LINK)
def list_clients(query: dict[str, Any]) -> Any:
    """List clients.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = clients.page(session, g.organization_id, *place(query, 0))
        return page(rows, query, Client())


@clients_api.route("/clients", "clients:edit", methods=["POST"])
@clients_api.arguments(ClientBody())
@clients_api.response(201, Client)
@clients_api.idempotent
def create_client(body: dict[str, Any]) -> Response:
    """Create a client.

    409 if a client of the organization has the same taxId or vatId. An invoice can also create its client by
    itself.
    """

    def work(session: Session) -> Answer:
        client = clients.create(session, g.organization_id, body)
        return Answer(201, Client().dump(client), {"Location": f"/api/v1/parties/clients/{client.id}"})

    return once(work).response()


@clients_api.route("/clients/search", "clients:read")
@clients_api.arguments(Search(), location="query")
@clients_api.response(200, Client(many=True), headers=LINK)
def search_clients(query: dict[str, Any]) -> Any:
    """Find clients by a part of name, tax id or VAT id, or by a whole e-mail address.

    Letter case does not matter. Addresses are encrypted, so a part of one finds nothing.
    """
    with transaction() as session:
        rows = clients.page(session, g.organization_id, *place(query, 0), search=query["q"])
        return page(rows, query, Client())


@clients_api.route("/client", "clients:read")
@clients_api.arguments(Identity(), location="query")
@clients_api.response(200, Client)
@clients_api.refuses(404)
def find_client(query: dict[str, Any]) -> Any:
    """Find one client by tax id, else by VAT id.

    Letter case, spaces, dots and dashes in an id do not matter.
    """
    if not query:
        raise invalid({"taxId": ["is required, or vatId"]})
    with transaction() as session:
        return clients.with_identity(session, g.organization_id, query.get("tax_id"), query.get("vat_id"))


@clients_api.route("/clients/<row_id:client_id>", "clients:read")
@clients_api.response(200, Client)
@clients_api.refuses(404)
def show_client(client_id: int) -> Any:
    """Show one client.

    Invoices keep the client as it was when they were issued.
    """
    with transaction() as session:
        return clients.get(session, g.organization_id, client_id)


@clients_api.route("/clients/<row_id:client_id>", "clients:edit", methods=["PUT"])
@clients_api.arguments(ClientBody())
@clients_api.response(200, Client)
@clients_api.refuses(404, 409)
def replace_client(body: dict[str, Any], client_id: int) -> Any:
    """Replace a client: a field that is absent or null is cleared; issued invoices stay as they are.

    Send all fields: what is left out is cleared.
    """
    with change() as session:
        return clients.change(session, g.organization_id, client_id, body)


@clients_api.route("/clients/<row_id:client_id>", "clients:edit", methods=["DELETE"])
@clients_api.response(204)
@clients_api.refuses(404)
def delete_client(client_id: int) -> Response:
    """Delete a client; its invoices stay.

    Invoices keep the client as it was when they were issued.
    """
    with change() as session:
        clients.delete(session, g.organization_id, client_id)
    return Response(status=204)

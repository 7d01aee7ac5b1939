"""Clients: found, described, and led to their invoices."""

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.parties import PARTY_NAMES, ClientBody
from api.http.changes import change
from console.forms import filled_in, loaded, once
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from db.transaction import report, transaction
from domain.parties import clients

clients_pages = Pages("clients", __name__)
BODY = ClientBody()
MAX_SEARCH = 200


@clients_pages.page("/clients", "clients:read")
def list_clients():
    """Show the clients, of those that match what is looked for."""
    search = request.args.get("q", "").strip()[:MAX_SEARCH] or None
    with report() as session:
        found = listed(clients.page(session, g.organization_id, after() or 0, ROWS + 1, search))
    return render_template("clients.html", clients=found)


@clients_pages.page("/clients/new", "clients:edit")
def show_new_client():
    """Show the form of a new client."""
    return render_template("client.html", client=None)


@clients_pages.act("/clients/new", "clients:edit", back=show_new_client)
def create_client() -> Response:
    """Create a client."""
    fields = loaded(BODY, filled_in(*PARTY_NAMES))
    made = once(lambda session: {"id": clients.create(session, g.organization_id, fields).id})
    return lead_to("clients.show_client", "saved", client_id=made["id"])


@clients_pages.page("/clients/<row_id:client_id>", "clients:read")
def show_client(client_id: int):
    """Show one client, and what can be changed."""
    with transaction() as session:
        client = clients.get(session, g.organization_id, client_id)
    return render_template("client.html", client=client)


@clients_pages.act("/clients/<row_id:client_id>", "clients:edit", back=show_client)
def replace_client(client_id: int) -> Response:
    """Describe a client anew; its invoices stay as they are."""
    fields = loaded(BODY, filled_in(*PARTY_NAMES))
    with change() as session:
        clients.change(session, g.organization_id, client_id, fields)
    return lead_to("clients.show_client", "saved", client_id=client_id)


@clients_pages.act("/clients/<row_id:client_id>/delete", "clients:edit", back=show_client)
def delete_client(client_id: int) -> Response:
    """Delete a client; its invoices stay."""
    with change() as session:
        clients.delete(session, g.organization_id, client_id)
    return lead_to("clients.list_clients", "client-deleted")

"""What is kept of a client: handed over as a file, and removed once it was shown what goes and what stays."""

from typing import Any

from flask import Response, g, render_template, request

from api.http import exact_json
from api.http.bodies.personal_data import PersonalData
from api.http.changes import change
from console import access
from console.clients import show_client
from console.pages import Pages, lead_to
from console.words import said
from db.transaction import transaction
from domain.errors import Conflict
from domain.personal_data import exporting, removal

personal_data_pages = Pages("personal_data", __name__)
FILE = PersonalData()
PATH = "/clients/<row_id:client_id>/personal-data"


@personal_data_pages.page(PATH, "personal-data:remove")
def show_removal(client_id: int) -> Any:
    """Show what would be removed of a client and what would stay, or what has to be done before."""
    counted, unfinished = None, None
    try:
        with transaction() as session:
            counted = removal.remove(session, g.organization_id, client_id, dry_run=True)
    except Conflict as conflict:
        unfinished = said(conflict.message)
    return render_template("personal_data.html", client_id=client_id, counted=counted, unfinished=unfinished)


@personal_data_pages.act(PATH, "personal-data:remove", back=show_removal)
def remove_personal_data(client_id: int) -> Any:
    """Remove what is kept of a client, but for what the law keeps."""
    access.require_confirmed(request.form.get("password", ""))
    with change() as session:
        removal.remove(session, g.organization_id, client_id)
    return lead_to("clients.list_clients", "personal-data-removed")


@personal_data_pages.act(f"{PATH}/export", "personal-data:export", back=show_client)
def export_personal_data(client_id: int) -> Response:
    """Save all that is kept of a client as a file."""
    with change() as session:
        known = FILE.dump(exporting.export(session, g.organization_id, client_id))
    response = Response(exact_json.dumps(known), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="client-{client_id}.json"'
    return response

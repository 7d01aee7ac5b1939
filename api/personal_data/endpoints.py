"""What is kept of a client: all of it to hand over, and all of it to remove but for what the law keeps."""

from typing import Any

from flask import g

from api.http.blueprint import Blueprint
from api.http.bodies.personal_data import PersonalData, Removal, RemovalOptions
from api.http.changes import change
from api.http.shares import heavy
from db.transaction import transaction
from domain.personal_data import exporting, removal

PATH = "/api/v1/parties/clients/<row_id:client_id>/personal-data"
personal_data_api = Blueprint(
    "personal data", __name__, description="What is kept of a client as a person, exported and removed."
)


@personal_data_api.route(PATH, "personal-data:export")
@personal_data_api.response(200, PersonalData)
@personal_data_api.refuses(404, 409)
@heavy
def export_personal_data(client_id: int) -> Any:
    """Export all that is kept of a client, decrypted.

    Its invoices are named with the address at which each can be had. A deleted client can be exported as well. The
    export stands in the audit log. 409 if too many requests wait for what they say to be looked into.
    """
    with change() as session:
        return exporting.export(session, g.organization_id, client_id)


@personal_data_api.route(PATH, "personal-data:remove", methods=["DELETE"])
@personal_data_api.arguments(RemovalOptions(), location="query")
@personal_data_api.response(200, Removal)
@personal_data_api.refuses(404, 409)
@heavy
def remove_personal_data(query: dict[str, Any], client_id: int) -> Any:
    """Remove what is kept of a client, in one transaction, but for what the law keeps.

    The answer says what was removed, and what stays, why and until when. `dryRun=true` only says so. The client is
    deleted and its key with it, so that what the key has encrypted can be read in no copy. 409 while a request or a
    mail for the client is unfinished. It can be sent again: then there is nothing left to remove.
    """
    with transaction() if query["dry_run"] else change() as session:
        return removal.remove(session, g.organization_id, client_id, query["dry_run"])

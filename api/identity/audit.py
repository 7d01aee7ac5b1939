"""The audit log of an organization."""

from typing import Any

from flask import g

from api.http.blueprint import Blueprint
from api.http.pagination import LINK, page, place
from api.identity.schemas import AuditEntry, AuditPage
from db.transaction import report
from domain.identity import audit

audit_api = Blueprint("audit log", __name__, description="Who did what to what, and from where.")


@audit_api.route("/api/v1/audit-log", "audit-log:read")
@audit_api.arguments(AuditPage(), location="query")
@audit_api.response(200, AuditEntry(many=True), headers=LINK)
def list_acts(query: dict[str, Any]) -> Any:
    """List what was done, newest first: a line and the change that it tells of are one commit.

    Invoice requests and submitted jobs have no lines here: each says in `createdBy` who asked for it.
    """
    filters: dict[str, str] = {name: query[name] for name in ("actor", "action") if name in query}
    with report() as session:
        rows = audit.page(session, g.organization_id, filters, *place(query))
        return page(rows, query, AuditEntry())

"""The audit log: who did what, to what, from where."""

from flask import g, render_template, request

from console.lists import ROWS, after, listed
from console.pages import Pages
from db.transaction import report
from domain.identity import audit

audit_pages = Pages("audit", __name__)


@audit_pages.page("/audit-log", "audit-log:read")
def list_acts():
    """Show what was done, newest first."""
    filters = {name: value for name in ("actor", "action") if (value := request.args.get(name, "").strip())}
    with report() as session:
        found = listed(audit.page(session, g.organization_id, filters, after(), ROWS + 1))
    return render_template("audit.html", acts=found)

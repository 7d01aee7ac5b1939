"""Organizations as operators see them: their share of the turns, and limits of their own."""

from flask import render_template
from werkzeug.wrappers import Response

import settings
from api.http.changes import change
from console.forms import whole
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from db.transaction import report, transaction
from domain.identity import organizations

shares_pages = Pages("shares", __name__)
# The most that each limit may be, as in the API.
MOST = {
    "max_running": 1_000_000,
    "max_requests_per_second": 1_000_000,
    "max_stored_mb": 2_000_000_000,
    "max_templates": 1_000_000,
    "max_invoices_per_day": 2_000_000_000,
}


@shares_pages.page("/organizations", "installation:read")
def list_organizations():
    """Show the organizations, in the order in which they were made."""
    with report() as session:
        found = listed(organizations.page(session, after() or 0, ROWS + 1))
    return render_template("organizations.html", organizations=found, installation=settings.current())


@shares_pages.page("/organizations/<row_id:organization_id>", "installation:manage")
def show_organization(organization_id: int):
    """Show an organization's share, and the form that changes it."""
    with transaction() as session:
        organization = organizations.get(session, organization_id)
    return render_template("organization.html", organization=organization, installation=settings.current())


@shares_pages.act("/organizations/<row_id:organization_id>", "installation:manage", back=show_organization)
def set_share(organization_id: int) -> Response:
    """Set an organization's share of the turns, and its limits; an empty one is the installation's."""
    weight = whole("weight", 100) or 1
    limits = {name: whole(name, most) for name, most in MOST.items()}
    with change() as session:
        organizations.share(session, organization_id, weight, **limits)
    return lead_to("shares.list_organizations", "saved")

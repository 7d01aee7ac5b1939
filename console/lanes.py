"""Lanes and kinds: what waits in each, how fast it goes, and the brakes. For operators."""

from flask import render_template
from werkzeug.wrappers import Response

from api.http.changes import change
from console.pages import Pages, lead_to
from db.transaction import transaction
from domain.jobs import canaries
from domain.jobs.monitoring import queues
from domain.jobs.monitoring.overview import overview

lanes_pages = Pages("lanes", __name__)


@lanes_pages.page("/lanes", "installation:read")
def show_lanes():
    """Show each lane and each kind, with what waits there."""
    with transaction() as session:
        shown = overview(session)
    return render_template("lanes.html", lanes=shown.lanes, kinds=shown.kinds, is_late=canaries.is_late)


@lanes_pages.act("/lanes/<what>/<name>/pause", "installation:manage", back=lambda what, name: show_lanes())
def pause_queue(what: str, name: str) -> Response:
    """Let no job of a lane or kind be sent from now on."""
    with change() as session:
        queues.pause(session, what, name)
    return lead_to("lanes.show_lanes", "paused")


@lanes_pages.act("/lanes/<what>/<name>/resume", "installation:manage", back=lambda what, name: show_lanes())
def resume_queue(what: str, name: str) -> Response:
    """Let what was held back be sent."""
    with change() as session:
        queues.resume(session, what, name)
    return lead_to("lanes.show_lanes", "resumed")

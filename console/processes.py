"""The parts of the installation: which processes live, and which part is missing. For operators."""

from flask import render_template

from console.pages import Pages
from db.transaction import transaction
from domain.jobs.monitoring import processes as monitoring

processes_pages = Pages("processes", __name__)


@processes_pages.page("/processes", "installation:read")
def list_processes():
    """Show each part as its best process is, and each process."""
    with transaction() as session:
        parts, seen = monitoring.parts(session), monitoring.processes(session)
    return render_template("processes.html", parts=parts, processes=seen, life=monitoring.life)

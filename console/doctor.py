"""The doctor: the traps that an installation can fall into, each with what was measured and what helps."""

from flask import render_template

from console.pages import Pages
from domain.doctor.checks import COMMAND_CHECKS, examine
from domain.doctor.findings import Verdict, worst

doctor_pages = Pages("doctor", __name__)


@doctor_pages.page("/doctor", "installation:read")
def show_doctor():
    """Show what each check finds now, the worst first."""
    lines = examine()
    order = list(Verdict)
    ranked = sorted(lines, key=lambda line: order.index(line.verdict), reverse=True)
    return render_template("doctor.html", lines=ranked, verdict=worst(lines), elsewhere=COMMAND_CHECKS)

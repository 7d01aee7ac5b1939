"""The first page: what needs somebody now."""

from flask import g, render_template

from api.http.blueprint import ANYONE
from console.pages import Pages
from console.sentences import tell
from db.transaction import transaction
from domain import attention
from domain.attention import Need
from domain.doctor.lately import lately
from domain.invoices import audits
from domain.jobs import failures
from domain.jobs.monitoring import queues
from domain.jobs.monitoring.statistics import BOUNDS

home_pages = Pages("home", __name__)
HOURS = 24
# So many groups of failed jobs are shown, those that failed last among so many jobs.
GROUPS, FAILED_LOOKED_AT = 3, 50


@home_pages.page("/", ANYONE)
def show_home():
    """Show what is wrong now, and how the work goes: to operators, of the whole installation as well."""
    on_call, sees_jobs = g.caller.may("installation:read"), g.caller.may("jobs:read")
    with transaction() as session:
        own = attention.of_organization(session, g.organization_id, g.caller.may)
        waits = queues.oldest_waits(session) if on_call else []
        of_all = attention.of_installation(session, waits) if on_call else []
        failed = any(one.need == Need.JOBS_FAILED for one in own)
        groups = failures.groups(session, g.organization_id, FAILED_LOOKED_AT)[:GROUPS] if failed else []
        hours = queues.hours(session, HOURS, None if on_call else g.organization_id) if sees_jobs else []
        numbering = audits.summary(session, g.organization_id) if g.caller.may("suppliers:read") else None
    return render_template(
        "home.html",
        matters=[tell(one) for one in own],
        of_installation=[tell(one) for one in of_all],
        groups=groups,
        doctor=lately.diagnosis() if on_call else None,
        hours=hours,
        numbering=numbering,
        waits=waits,
        longest=BOUNDS[-1],
        on_call=on_call,
    )

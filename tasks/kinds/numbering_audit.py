from collections.abc import Sequence
from functools import partial

from domain.invoices import audits
from domain.invoices.audits import KIND
from domain.jobs.work import ClaimedJob, Context, Errand, Onward, job


@job(KIND, outside=True, cron="30 3 * * *")
def audit_series(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
    """Each series that has numbered something was recomputed today, and what was found is kept."""
    done = jobs[0].progress
    while waiting := audits.due(context.session):
        series = waiting[0]
        found = yield Onward(partial(audits.examine, series), done, done + len(waiting))
        audits.keep(context.session, series, found)
        done += 1
    return [{"series": done}]

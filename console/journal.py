"""The journal: its entries, made anew on demand, and what they come to."""

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.changes import change
from console.forms import chosen_day, chosen_id, integer
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from console.subjects import address
from db.transaction import report
from domain.accounting import chart, journal, sources
from domain.accounting.sources import TYPES, Source
from domain.errors import Invalid
from domain.invoices import payments
from domain.jobs.priorities import HIGH

journal_pages = Pages("journal", __name__)
PAYMENT = "payment"


@journal_pages.page("/journal", "accounting:read")
def list_entries():
    """Show the entries that match, newest first."""
    with report() as session:
        found = listed(journal.entries(session, g.organization_id, _filters(), after(), ROWS + 1))
        accounts = {one.code: one.name for one in chart.accounts(session, g.organization_id)}
        paid = [one.source_id for one in found.rows if one.source_type == PAYMENT]
        invoices = payments.invoice_ids(session, g.organization_id, paid) if paid else {}

    def place(type: str, number: int) -> str | None:
        """Return the page of a document: a payment is shown with its invoice."""
        return address("invoiceId", invoices[number]) if type == PAYMENT else address(f"{type}Id", number)

    return render_template("journal.html", entries=found, accounts=accounts, types=TYPES, place=place)


@journal_pages.act("/journal/recreate", "accounting:recreate", back=list_entries)
def recreate_entries() -> Response:
    """Make the entry of a document anew, in the background."""
    type, number = request.form.get("type", ""), integer(request.form.get("id", ""))
    if type not in TYPES or not isinstance(number, int) or not number:
        raise Invalid.fields({"id": ["must be the number of a document"]})
    with change() as session:
        [owed] = sources.recreate(session, g.organization_id, [Source(type, number)], size=1, priority=HIGH)
    return lead_to("jobs.show_job", "recreated", job_id=owed.job_id)


@journal_pages.act("/journal/sync", "accounting:recreate", back=list_entries)
def synchronize_journal() -> Response:
    """Enqueue every document that the journal is behind with."""
    with change() as session:
        done = sources.synchronize(session, g.organization_id, TYPES)
    return lead_to("journal.list_entries", "synchronized" if done.sources else "up-to-date", n=done.sources)


@journal_pages.page("/trial-balance", "accounting:read")
def show_trial_balance():
    """Show the sums of each account, of all entries or of those to a day."""
    last = chosen_day("to")
    with report() as session:
        rows, totals = journal.trial_balance(session, g.organization_id, last)
    return render_template("trial_balance.html", rows=rows, totals=totals, last=last)


def _filters() -> journal.Filters:
    """Return the filters of the page; an unknown word filters nothing."""
    type = request.args.get("type")
    return journal.Filters(
        source_type=type if type in TYPES else None,
        source_id=chosen_id("id"),
        account_code=request.args.get("account") or None,
        first=chosen_day("from"),
        last=chosen_day("to"),
        deleted="deleted" in request.args,
    )

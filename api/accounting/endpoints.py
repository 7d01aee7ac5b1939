"""The journal of documents: entries made anew on demand, brought up to date in bulk, listed and summed up."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.accounting.schemas import (
    Account,
    Entry,
    EntryPage,
    Recreated,
    RecreationBody,
    SyncAccepted,
    SyncBody,
    TrialBalance,
)
from api.http.blueprint import Blueprint
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, page, place
from api.jobs.direct_path import direct_path
from api.jobs.outcome import finished
from db.transaction import report, transaction
from domain.accounting import chart, journal, sources
from domain.accounting.sources import KIND, MAX_SOURCES_IN_A_JOB, Owed, Source
from domain.jobs import catalogue
from domain.jobs.lifecycle import FINISHED
from domain.jobs.priorities import HIGH

MAX_SOURCES_AT_ONCE = 10
ENDED = {status.lower() for status in FINISHED}
IN_BACKGROUND = {"anyOf": [
    {"type": "array", "items": {"$ref": "#/components/schemas/Recreated"}},
    {"$ref": "#/components/schemas/RecreationAccepted"},
]}  # fmt: skip
accounting_api = Blueprint(
    "accounting",
    __name__,
    description="The journal entries of invoices, bills, payments, sales, purchases and transfers, and their sums.",
    url_prefix="/api/v1/accounting",
)


@accounting_api.route("/recreations", "accounting:recreate", methods=["POST"])
@accounting_api.arguments(RecreationBody())
@accounting_api.response(200, Recreated(many=True))
@accounting_api.alt_response(202, schema=IN_BACKGROUND)
@accounting_api.refuses(404)
@accounting_api.idempotent
def recreate_entries(body: dict[str, Any]) -> Response:
    """Make the entries of documents anew: up to 10 at once, more in the background before your other accounting.

    Each document gets a new entry, and its old one is marked as deleted. The answer is 200 when all entries are
    made, 202 while jobs still work on them.
    """
    wanted = list(dict.fromkeys(Source(**one) for one in body["documents"]))
    return (_recreate_here if len(wanted) <= MAX_SOURCES_AT_ONCE else _recreate_later)(wanted)


@accounting_api.route("/sync", "accounting:recreate", methods=["POST"])
@accounting_api.arguments(SyncBody(), required=False)
@accounting_api.response(202, SyncAccepted)
@accounting_api.idempotent
def synchronize_journal(body: dict[str, Any]) -> Response:
    """Enqueue every document that the journal is behind with, up to 10,000 a call.

    Call it after an import, or to catch up. While `remaining` is true, call it again with the `cursor` of the
    answer.
    """

    kind, _, number = body.get("cursor", "").partition(":")
    after = Source(kind, int(number)) if number else None

    def work(session: Session) -> Answer:
        done = sources.synchronize(session, g.organization_id, body["types"], after)
        cursor = done.last and f"{done.last.type}:{done.last.id}"
        told = {"documents": done.sources, "jobs": done.jobs, "remaining": bool(cursor), "cursor": cursor}
        return Answer(202, told)

    return once(work).response()


@accounting_api.route("/accounts", "accounting:read")
@accounting_api.response(200, Account(many=True))
def list_accounts() -> Any:
    """List the accounts, all of them: a chart is short.

    Journal entries debit and credit these accounts. Every organization has the same chart.
    """
    with transaction() as session:
        return chart.accounts(session, g.organization_id)


@accounting_api.route("/entries", "accounting:read")
@accounting_api.arguments(EntryPage(), location="query")
@accounting_api.response(200, Entry(many=True), headers=LINK)
def list_entries(query: dict[str, Any]) -> Any:
    """List journal entries, newest first; those that were replaced only with deleted=true.

    Each entry belongs to one version of a document, and its lines balance. A new version replaces the entry.
    """
    with report() as session:
        filters = journal.Filters(query.get("source_type"), query.get("source_id"), deleted=query["deleted"])
        rows = journal.entries(session, g.organization_id, filters, *place(query))
        return page(rows, query, Entry())


@accounting_api.route("/trial-balance", "accounting:read")
@accounting_api.response(200, TrialBalance)
def show_trial_balance() -> Any:
    """Sum up the live entries of each account and currency; the balance of each currency is zero.

    The figures are read in one snapshot. Entries that jobs have still to make are not in them.
    """
    with report() as session:
        rows, totals = journal.trial_balance(session, g.organization_id)
    return {"accounts": rows, "totals": totals}


def _recreate_here(wanted: list[Source]) -> Response:
    with direct_path().slot(KIND) as slot:

        def work(session: Session) -> Answer:
            owed = sources.recreate(session, g.organization_id, wanted, size=1, priority=HIGH, held=slot.held)
            return Answer(202, [_pending(one) for one in owed])

        answer = once(work)
        if answer.replayed:
            return answer.response()
        slot.run(KIND, [one["jobId"] for one in answer.body])
    return finished(answer, lambda session: _told(session, answer.body))


def _recreate_later(wanted: list[Source]) -> Response:
    def work(session: Session) -> Answer:
        owed = sources.recreate(session, g.organization_id, wanted, size=MAX_SOURCES_IN_A_JOB, priority=HIGH)
        told = f"Recreating {len(wanted)} documents in background. Poll /api/v1/jobs for progress."
        return Answer(202, {"jobIds": [one.job_id for one in owed], "documents": len(wanted), "message": told})

    return once(work).response()


def _pending(owed: Owed) -> dict[str, Any]:
    [source] = owed.versions
    told = {"type": source.type, "id": source.id, "version": source.version}
    return told | {"jobId": owed.job_id, "status": "pending", "entries": 0}


def _told(session: Session, owed: list[dict[str, Any]]) -> Answer:
    """Return how far the jobs have come."""
    jobs = catalogue.several(session, g.organization_id, [one["jobId"] for one in owed])
    known = {job.id: {"status": job.status.lower(), "entries": (job.result or {}).get("entries", 0)} for job in jobs}
    told = [one | known[one["jobId"]] for one in owed]
    return Answer(200 if all(one["status"] in ENDED for one in told) else 202, told)

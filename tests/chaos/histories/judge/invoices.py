"""A completed request has one invoice, as it was asked for and told; any other has none."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.wishes import WantedInvoice, wanted_invoices
from tests.chaos.histories.record import History, Row

CENT = Decimal("0.01")
MAY_CHANGE = {"updatedAt", "status"}


def faults(history: History) -> Iterator[Fault]:
    """Yield the invoices that are missing, doubled, unasked for, or other than asked for or told."""
    issued: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for organization, shown in history.shown.items():
        for row in shown.invoices:
            issued[organization, row["notes"]].append(row)
    jobs = {(organization, row["id"]): row for organization, shown in history.shown.items() for row in shown.jobs}
    for wanted in wanted_invoices(history):
        rows = issued.pop(wanted.tag, [])
        job = jobs.get((wanted.tag[0], wanted.job or 0))
        yield from _one(wanted, rows, job)
        yield from (fault for row in rows for fault in _other_than_asked(wanted, row))
    for tag, rows in issued.items():
        yield Fault("an invoice was issued that nobody asked for", f"{tag} {rows}")
    yield from _other_than_shown(history)


def _one(wanted: WantedInvoice, rows: Sequence[Row], job: Row | None) -> Iterator[Fault]:
    numbers = [row["invoiceNumber"] for row in rows]
    evidence = f"{numbers}, job {job}, asked for by {wanted.wish}"
    if len(rows) > 1:
        yield Fault("a request has two invoices", evidence)
    if wanted.wish.first.act == "err" and wanted.wish.told:
        yield Fault("a wrong request was accepted", evidence)
    if rows and wanted.refused:
        yield Fault("a refused request has an invoice", evidence)
    if wanted.number is not None and numbers != [wanted.number]:
        yield Fault("an invoice was told and is not there", evidence)
    if job and (job["status"] == "completed") != bool(rows):
        yield Fault("an invoice is there without its job's completion, or the other way round", evidence)
    if job and rows and (job["result"] or {}).get("invoiceNumber") != numbers[0]:
        yield Fault("a job names another invoice than its own", evidence)


def _other_than_asked(wanted: WantedInvoice, row: Row) -> Iterator[Fault]:
    amounts = [(Decimal(one["quantity"]) * one["unitPrice"], Decimal(one["taxRate"])) for one in wanted.body["items"]]
    subtotal = sum((amount for amount, _ in amounts), Decimal(0))
    tax = sum(((amount * rate).quantize(CENT, ROUND_HALF_UP) for amount, rate in amounts), Decimal(0))
    asked = (wanted.body["supplierId"], wanted.body["client"]["name"], subtotal, tax, subtotal + tax)
    if asked != (row["supplierId"], row["client"]["name"], row["subtotal"], row["taxTotal"], row["total"]):
        yield Fault("an invoice is other than asked for", f"{asked} {row}")


def _other_than_shown(history: History) -> Iterator[Fault]:
    """Yield invoices that were shown once and are others now."""
    last = {(name, row["id"]): _steady(row) for name, shown in history.shown.items() for row in shown.invoices}
    for one in history.of("show"):
        if one.accepted and last.get((one.organization, one.answer["id"])) != _steady(one.answer):
            yield Fault("an invoice has changed", str(one))


def _steady(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in MAY_CHANGE}

"""The numbers of a supplier run from 1 without a gap, and in the order in which clients could tell."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.states import seen
from tests.chaos.histories.judge.wishes import wanted_invoices
from tests.chaos.histories.record import History, Row

NEVER = float("inf")
WRONGS = ("gaps", "duplicates", "brokenLinks", "lateDates")


def faults(history: History) -> Iterator[Fault]:
    """Yield what is wrong with the numbers of each supplier."""
    asked, told = _times(history)
    for organization, shown in history.shown.items():
        series: dict[int, list[Row]] = defaultdict(list)
        for row in shown.invoices:
            series[row["supplierId"]].append(row)
        for supplier, audit in shown.numberings.items():
            rows = sorted(series.pop(supplier, []), key=lambda row: row["invoiceNumberInt"])
            yield from _gaps(f"{organization} supplier {supplier}", rows, audit)
            yield from _out_of_order(organization, rows, asked, told)
        if series:
            yield Fault("an invoice has a supplier that is not there", f"{organization} {[*series]}")


def _gaps(place: str, rows: Sequence[Row], audit: Row) -> Iterator[Fault]:
    numbers = [row["invoiceNumberInt"] for row in rows]
    if numbers != [*range(1, len(rows) + 1)]:
        wrong = sorted(set(range(1, max(numbers) + 1)) ^ set(numbers)) or "some twice"
        yield Fault("numbers are not gapless", f"{place}: {wrong}")
    if any(not row["invoiceNumber"].endswith(str(row["invoiceNumberInt"])) for row in rows):
        yield Fault("numbers are not gapless", f"{place}: an invoice prints another number than it has")
    if any(audit[wrong] for wrong in WRONGS) or audit["count"] != len(rows) or audit["last"] != (len(rows) or None):
        yield Fault("the audit finds fault", f"{place}: {audit}")


def _out_of_order(
    organization: str,
    rows: Sequence[Row],
    asked: Mapping[tuple[str, str], float],
    told: Mapping[tuple[str, str], float],
) -> Iterator[Fault]:
    """Yield invoices asked for after one with a higher number was told."""
    earliest = NEVER
    for row in reversed(rows):
        tag = organization, row["notes"]
        if asked.get(tag, 0) > earliest:
            yield Fault("numbers are out of order", f"{tag} supplier {row['supplierId']}: {row['invoiceNumber']}")
        earliest = min(earliest, told.get(tag, NEVER))


def _times(history: History) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """Return for each tag when it was first asked for, and when a client first knew that it had its number."""
    completed = {
        job: min(told)
        for job, sights in seen(history).items()
        if (told := [sight.told for sight in sights if sight.status == "COMPLETED"])
    }
    asked, told = {}, {}
    for wanted in wanted_invoices(history):
        asked[wanted.tag] = wanted.wish.asked
        if wanted.number and wanted.wish.told:
            told[wanted.tag] = wanted.wish.told.told
        elif wanted.job:
            told[wanted.tag] = completed.get((wanted.tag[0], wanted.job), NEVER)
    return asked, told

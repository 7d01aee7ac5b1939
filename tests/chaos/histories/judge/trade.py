"""A sale or purchase is done whole or not at all, whatever happened to its job on the way."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.wishes import Wish, wishes
from tests.chaos.histories.record import Exchange, History, Row

NEVER = float("inf")
DONE = {"sale": "completed", "purchase": "approved"}
STEPS = {"sale": "sell", "purchase": "receive"}
ENDS = {"sale": ("completed", "pending", "refused"), "purchase": ("approved", "draft")}


@dataclass(frozen=True)
class Document:
    """A sale or purchase, and what its clients were told. `wish` made it, `step` moved its goods (a sale: the same)."""

    noun: str
    organization: str
    row: Row
    wish: Wish
    step: Wish | None

    @property
    def done(self) -> bool:
        return self.row["status"] == DONE[self.noun]

    @property
    def goods(self) -> dict[int, Decimal]:
        """Return how much of each product its lines come to."""
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for line in self.wish.first.body["lines"]:
            sums[line["productId"]] += line["quantity"]
        return sums

    @property
    def sign(self) -> int:
        return 1 if self.noun == "purchase" else -1

    def __str__(self) -> str:
        return f"{self.organization} {self.noun} {self.row}, asked for by {self.step or self.wish}"


def documents(history: History) -> Iterator[Document]:
    """Yield every sale and purchase that is shown and was asked for."""
    approvals = {(one.first.organization, one.first.path): one for one in wishes(history, "approve") if one.may_exist}
    for noun, act in (("sale", "sell"), ("purchase", "draft")):
        made = {(one.first.organization, one.first.body["notes"]): one for one in wishes(history, act)}
        for organization, shown in history.shown.items():
            for row in shown.sales if noun == "sale" else shown.purchases:
                if wish := made.get((organization, row["notes"])):
                    step = wish if noun == "sale" else approvals.get((organization, _approval(row)))
                    yield Document(noun, organization, row, wish, step)


def faults(history: History) -> Iterator[Fault]:
    """Yield the documents that were lost, doubled or not asked for, and those left half done or refused and done."""
    known = [*documents(history)]
    yield from _counted(history, known)
    jobs = {(organization, row["id"]): row for organization, shown in history.shown.items() for row in shown.jobs}
    moved: dict[tuple[str, str, int, int], list[Row]] = defaultdict(list)
    for organization, shown in history.shown.items():
        for row in shown.movements:
            moved[organization, row["documentType"], row["documentId"], row["lineNumber"]].append(row)
    for document in known:
        yield from _badly_ended(document, jobs.get((document.organization, document.row["jobId"] or 0)))
        for number, line in enumerate(document.wish.first.body["lines"], 1):
            rows = moved.pop((document.organization, document.noun, document.row["id"], number), [])
            yield from _half_done(document, line, rows)
    for place, rows in moved.items():
        yield Fault("goods moved that nobody asked for", f"{place} {rows}")


def _approval(purchase: Row) -> str:
    return f"/api/v1/purchases/{purchase['id']}/approve"


def _counted(history: History, known: Sequence[Document]) -> Iterator[Fault]:
    ids = {(one.organization, one.noun, one.row["id"]) for one in known}
    made = [(one.organization, one.noun, one.row["notes"]) for one in known]
    for organization, shown in history.shown.items():
        for noun, rows in (("sale", shown.sales), ("purchase", shown.purchases)):
            for row in rows:
                if (organization, noun, row["id"]) not in ids:
                    yield Fault("a document was made that nobody asked for", f"{organization} {noun} {row}")
    for noun, act in (("sale", "sell"), ("purchase", "draft")):
        for wish in wishes(history, act):
            found = made.count((wish.first.organization, noun, wish.first.body["notes"]))
            if found > 1:
                yield Fault("a request has two documents", str(wish))
            if found == 0 and wish.told:
                yield Fault("an accepted document is lost", str(wish))
            if found and not wish.may_exist:
                yield Fault("a refused request has a document", str(wish))


def _badly_ended(document: Document, job: Row | None) -> Iterator[Fault]:
    if document.row["status"] not in ENDS[document.noun]:
        yield Fault("a document has not ended", f"{document}")
    if job and (job["status"] == "completed") != document.done:
        yield Fault("a document and its job disagree", f"{document}: {job}")
    told = document.step.told if document.step else None
    if told and told.final and told.accepted and not document.done:
        yield Fault("a document was told done and is not", str(document))
    if document.done and (not document.step or (told and _refused(told))):
        yield Fault("a refused document is done", str(document))


def _refused(told: Exchange) -> bool:
    """Return whether the answer says that it will never be done; one that was cancelled may be tried again."""
    return told.status == 409 and "was cancelled" not in told.answer["detail"]


def _half_done(document: Document, line: Row, rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield a line that has not gone there and back in turns, ending where its document says."""
    rounds = sorted((row["round"], row["quantity"], row["productId"], row["step"]) for row in rows)
    whole = document.sign * Decimal(line["quantity"])
    there_and_back = [
        (number, whole if number % 2 else -whole, line["productId"], STEPS[document.noun])
        for number in range(1, len(rows) + 1)
    ]
    if rounds != there_and_back or len(rows) % 2 != document.done:
        yield Fault("a document is half done, or a line moved twice", f"{document}: {line} {rounds}")

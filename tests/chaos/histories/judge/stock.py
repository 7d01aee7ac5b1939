"""The stock is what came in less what was sold, is never below zero, and is refused to nobody while it is there."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.states import seen
from tests.chaos.histories.judge.trade import Document, documents
from tests.chaos.histories.record import Exchange, History, Row

NEVER = float("inf")


class Book:
    """The documents of one organization, with the times between which each had its effect."""

    def __init__(self, known: Sequence[Document], done: dict[int, float]) -> None:
        self._known = [
            (one.goods, one.sign, one.done, _asked(one), min(done.get(one.row["jobId"] or 0, NEVER), _told(one)))
            for one in known
        ]

    def range(self, product: int, asked: float, told: float) -> tuple[Decimal, Decimal]:
        """Return the least and the most of a product that may have been there at some time between the two."""
        least = most = Decimal(0)
        for goods, sign, done, from_then, by_then in self._known:
            quantity = sign * goods.get(product, Decimal(0))
            surely, perhaps = done and by_then < asked, from_then < told
            if surely or (perhaps and quantity < 0):
                least += quantity
            if surely or (perhaps and quantity > 0):
                most += quantity
        return least, most

    def total(self, product: int) -> Decimal:
        """Return what is there in the end."""
        moved = (sign * goods.get(product, Decimal(0)) for goods, sign, done, *_ in self._known if done)
        return sum(moved, Decimal(0))


def faults(history: History) -> Iterator[Fault]:
    """Yield what was seen of the stock, then and in the end, that no order of the documents explains."""
    completed = _completions(history)
    of_each: dict[str, list[Document]] = defaultdict(list)
    for document in documents(history):
        of_each[document.organization].append(document)
    for organization, shown in history.shown.items():
        book = Book(of_each[organization], completed[organization])
        for row in shown.stock:
            yield from _below_zero(organization, row)
            yield from _wrong_total(organization, row, book, shown.movements)
        for one in history.of("stock", "sell"):
            if one.organization == organization:
                yield from _impossible(one, book) if one.act == "stock" else _refused_in_vain(one, book)


def _below_zero(organization: str, row: Row) -> Iterator[Fault]:
    if (
        min(row["quantity"], row["available"], row["reserved"]) < 0
        or row["quantity"] - row["reserved"] != row["available"]
    ):
        yield Fault("stock is below zero", f"{organization} {row}")


def _wrong_total(organization: str, row: Row, book: Book, movements: Sequence[Row]) -> Iterator[Fault]:
    product = row["productId"]
    moved = sum((one["quantity"] for one in movements if one["productId"] == product), Decimal(0))
    if not book.total(product) == moved == row["quantity"]:
        evidence = f"{organization} {row}: documents come to {book.total(product)}, movements to {moved}"
        yield Fault("stock is not what came in less what was sold", evidence)
    if row["reserved"]:
        yield Fault("stock is kept for nobody", f"{organization} {row}")


def _impossible(one: Exchange, book: Book) -> Iterator[Fault]:
    for row in one.answer if one.accepted else []:
        yield from _below_zero(one.organization, row)
        least, most = book.range(row["productId"], one.asked, one.told)
        if not least <= row["quantity"] <= most:
            yield Fault("stock was seen that never was", f"{row} not from {least} to {most}: {one.asked}")


def _refused_in_vain(one: Exchange, book: Book) -> Iterator[Fault]:
    if not (one.refused and not one.final and one.status == 409):
        return
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for line in one.body["lines"]:
        wanted[line["productId"]] += line["quantity"]
    if all(book.range(product, one.asked, one.told)[0] >= quantity for product, quantity in wanted.items()):
        yield Fault("a sale was refused though there was enough", str(one))


def _completions(history: History) -> dict[str, dict[int, float]]:
    """Return for each organization's jobs when somebody first knew that they were COMPLETED."""
    times: dict[str, dict[int, float]] = defaultdict(dict)
    for (organization, job), sights in seen(history).items():
        told = [sight.told for sight in sights if sight.status == "COMPLETED"]
        times[organization][job] = min(told, default=NEVER)
    return times


def _asked(document: Document) -> float:
    return document.step.asked if document.step else NEVER


def _told(document: Document) -> float:
    """Return when a client first knew that the document was done."""
    told = document.step.told if document.step else None
    return told.told if told and told.final and told.accepted else NEVER

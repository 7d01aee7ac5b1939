"""The proof of a series: recomputed from the rows alone, in one snapshot, however many there are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Select, select, true
from sqlalchemy.orm import Session

from db.models import Invoice, InvoiceItem
from domain.invoices import ledger
from domain.invoices.request import SERIES
from domain.parties import supplier_series, suppliers

INVOICES_AT_ONCE, LINES_AT_ONCE = 500, 2000
MAX_NUMBERS_LISTED = 1000


@dataclass
class Findings:
    """The faults of a series; each list names numbers, the first MAX_NUMBERS_LISTED of them."""

    gaps: list[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    broken_links: list[int] = field(default_factory=list)
    late_dates: list[int] = field(default_factory=list)
    truncated: bool = False

    def add(self, kind: str, numbers: Iterable[int]) -> None:
        """Note `numbers` under `kind`, as far as there is room."""
        found: list[int] = getattr(self, kind)
        for number in numbers:
            if len(found) == MAX_NUMBERS_LISTED:
                self.truncated = True
                return
            found.append(number)


@dataclass
class Auditor:
    """Reads the invoices of one series in the order of their numbers."""

    expected: int
    findings: Findings = field(default_factory=Findings)
    first: int | None = None
    last: int | None = None
    count: int = 0
    stored_hash: bytes = ledger.GENESIS
    head_hash: bytes = ledger.GENESIS
    last_date: date = date.min

    def read(self, invoice: Any, lines: Sequence[Any]) -> dict[str, Any]:
        """Compare the next invoice with what the ones before it say it must be; return its content."""
        self._number(invoice.number)
        content = ledger.content(invoice, lines)
        if ledger.link(self.stored_hash, content) != bytes(invoice.hash):
            self.findings.add("broken_links", [invoice.number])
        # The one hash that depends on every content since the first, whatever hashes are stored beside them.
        self.head_hash = ledger.link(self.head_hash, content)
        self.stored_hash = bytes(invoice.hash)
        # Compared with the one before it alone: where any date is allowed, a typo makes no more than the next one late.
        if invoice.issue_date < self.last_date:
            self.findings.add("late_dates", [invoice.number])
        self.last_date = invoice.issue_date
        return content

    def finish(self, last_number: int, last_hash: bytes) -> None:
        """Compare the end of the series with its counter: the newest rows may be missing."""
        self.findings.add("gaps", range(self.expected, last_number + 1))
        if self.last is not None and self.last >= last_number and self.stored_hash != last_hash:
            self.findings.add("broken_links", [self.last])

    def _number(self, number: int) -> None:
        if number == self.last:
            self.findings.add("duplicates", [number])
        self.findings.add("gaps", range(self.expected, number))
        self.expected = max(self.expected, number + 1)
        self.first, self.last, self.count = self.first or number, number, self.count + 1


def audit(
    session: Session,
    organization_id: int,
    supplier_id: int,
    code: str = SERIES,
    keep: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Return what is wrong with a supplier's series, its rule for dates, and its head hash; raise NotFound.

    `keep` is given the content and hash of each invoice on the way.

    `session` must be a report's: the whole audit sees one snapshot.
    """
    suppliers.get(session, organization_id, supplier_id)
    series = supplier_series.get(session, supplier_id, code)
    auditor = Auditor(expected=series.start_number)
    for invoice, lines in _invoices(session, supplier_id, code):
        keep({"content": auditor.read(invoice, lines), "hash": bytes(invoice.hash).hex()})
    auditor.finish(series.last_number, bytes(series.last_hash))
    return {"seriesCode": code, "chronology": series.chronology, **_report(auditor)}


def _invoices(session: Session, supplier_id: int, code: str) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each invoice with its lines, in the order of the numbers.

    Two cursors go side by side, so no more than LINES_AT_ONCE lines are read ahead, however long invoices are.
    """
    heads = select(*Invoice.__table__.columns)
    of_invoice = (
        select(InvoiceItem.__table__)
        .where(InvoiceItem.invoice_id == Invoice.id)
        .order_by(InvoiceItem.line_number)
        .lateral()
    )
    # A lateral subquery is looked up for one invoice at a time: nothing has to sort all lines before the first.
    lines = select(*of_invoice.columns).select_from(Invoice).join(of_invoice, true())
    ahead = groupby(
        session.execute(
            _in_order(lines, supplier_id, code)
            .order_by(of_invoice.c.line_number)
            .execution_options(yield_per=LINES_AT_ONCE)
        ),
        key=lambda line: line.invoice_id,
    )
    invoice_id, own = next(ahead, (None, ()))
    for head in session.execute(_in_order(heads, supplier_id, code).execution_options(yield_per=INVOICES_AT_ONCE)):
        if head.id != invoice_id:
            yield head, []
            continue
        yield head, list(own)
        invoice_id, own = next(ahead, (None, ()))


def _in_order(found: Select, supplier_id: int, code: str) -> Select:
    of_series = Invoice.supplier_id == supplier_id, Invoice.series_code == code
    return found.where(*of_series).order_by(Invoice.number, Invoice.id)


def _report(auditor: Auditor) -> dict[str, Any]:
    findings = auditor.findings
    return {
        "first": auditor.first,
        "last": auditor.last,
        "count": auditor.count,
        "gaps": findings.gaps,
        "duplicates": findings.duplicates,
        "brokenLinks": findings.broken_links,
        "lateDates": findings.late_dates,
        "truncated": findings.truncated,
        "headHash": auditor.head_hash.hex(),
    }

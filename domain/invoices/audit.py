"""The proof of a series: recomputed from the rows alone, in one snapshot, however many there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Invoice, NumberSeries
from domain.invoices import ledger
from domain.invoices.numbering import SERIES
from domain.parties import suppliers

INVOICES_AT_ONCE = 500
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
    latest_date: date = date.min

    def read(self, invoice: Any) -> None:
        """Compare the next invoice with what the ones before it say it must be."""
        self._number(invoice.number)
        content = ledger.content(invoice, invoice.items)
        if ledger.link(self.stored_hash, content) != bytes(invoice.hash):
            self.findings.add("broken_links", [invoice.number])
        # The one hash that depends on every content since the first, whatever hashes are stored beside them.
        self.head_hash = ledger.link(self.head_hash, content)
        self.stored_hash = bytes(invoice.hash)
        if invoice.issue_date < self.latest_date:
            self.findings.add("late_dates", [invoice.number])
        self.latest_date = max(self.latest_date, invoice.issue_date)

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


def audit(session: Session, organization_id: int, supplier_id: int) -> dict[str, Any]:
    """Return what is wrong with a supplier's invoice series, and its head hash; raise NotFound.

    `session` must be a report's: the whole audit sees one snapshot.
    """
    suppliers.get(session, organization_id, supplier_id)
    series = session.get_one(NumberSeries, (supplier_id, SERIES))
    auditor = Auditor(expected=series.start_number)
    for invoice in session.scalars(_invoices(supplier_id)):
        auditor.read(invoice)
    auditor.finish(series.last_number, bytes(series.last_hash))
    return _report(auditor)


def _invoices(supplier_id: int) -> Any:
    return (
        select(Invoice)
        .where(Invoice.supplier_id == supplier_id, Invoice.series_code == SERIES)
        .order_by(Invoice.number, Invoice.id)
        .execution_options(yield_per=INVOICES_AT_ONCE)
    )


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

"""The counters. Locked last, in supplier order, and held only while a group is numbered and written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import fetch, run
from domain.errors import Conflict
from domain.invoices import ledger, series

ONE_DAY = timedelta(days=1)
COUNTED = ("stored_bytes", "day", "day_start", "year", "year_base")


class Key(NamedTuple):
    """The series of a supplier."""

    supplier_id: int
    code: str


@dataclass(slots=True)
class Counter:
    """A locked number series; `today` is the supplier's date at the moment the lock was won, `utc_day` that in UTC."""

    supplier_id: int
    code: str
    pattern: str
    digits: int
    start_number: int
    restart: str
    chronology: str
    last_number: int
    last_hash: bytes
    stored_bytes: int
    day: date | None
    day_start: int
    last_date: date | None
    year: int | None
    year_base: int
    today: date
    utc_day: date

    def number(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return `content` with the next number, and chain it to the invoice before it; raise Conflict for its date."""
        day = self._dated(content["issue_date"])
        self._begin_year(day)
        self.last_number, self.last_date = following(self), day
        numbered = {
            **content,
            "series_code": self.code,
            "number": self.last_number,
            "invoice_number": series.printed(self, self.last_number, day),
            "issue_date": day.isoformat(),
        }
        canonical = ledger.canonical(numbered)
        self.last_hash = ledger.chained(self.last_hash, canonical)
        numbered["hash"] = self.last_hash.hex()
        self._count(len(canonical))
        return numbered

    def counts(self) -> dict[str, Any]:
        """Return what the series' row counts besides its last invoice."""
        return {name: getattr(self, name) for name in COUNTED}

    def _dated(self, asked: str | None) -> date:
        day = date.fromisoformat(asked) if asked else self.today
        # Over a clock that was put back, or a supplier that moved west, today can be the day before the last date.
        if not asked and self.chronology == series.STRICT and day + ONE_DAY == self.last_date:
            return self.last_date
        series.check_order(self, day)
        return day

    def _begin_year(self, day: date) -> None:
        """Have numbers restart with the first invoice of a year; there is no way back into the year before."""
        if self.restart != series.YEARLY or day.year == self.year:
            return
        if self.year and day.year < self.year:
            told = f"issue_date must not be in {day.year}: the numbers of {self.year} have begun"
            raise Conflict(told, {"issueDate": [told]})
        self.year, self.year_base = day.year, self.last_number if self.year else 0

    def _count(self, size: int) -> None:
        """Count one more invoice, of `size` bytes."""
        self.stored_bytes += size
        if self.day != self.utc_day:
            self.day, self.day_start = self.utc_day, self.last_number - 1


def suppliers(session: Session, statement: str, keys: Collection[Key]) -> dict[Key, Any]:
    """Return what `statement` finds of each supplier and series that there is; nothing is locked."""
    ids, codes = [key.supplier_id for key in keys], [key.code for key in keys]
    return {Key(row.id, row.series_code): row for row in run(session, statement, ids=ids, series_codes=codes)}


def following(counter: Any) -> int:
    """Return the number that follows in a series (a Counter or its row)."""
    return max(counter.start_number, counter.last_number + 1)


def lock(session: Session, keys: Collection[Key]) -> dict[Key, Counter]:
    """Lock the counters of `keys` until the transaction ends, in their order so that none deadlock."""
    ordered = sorted(keys)
    counters = fetch(
        session,
        Counter,
        "lock_counters",
        supplier_ids=[key.supplier_id for key in ordered],
        codes=[key.code for key in ordered],
    )
    return {Key(counter.supplier_id, counter.code): counter for counter in counters}

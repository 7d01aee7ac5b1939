"""The counters. Locked last, in supplier order, and held only while a group is numbered and written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from db.queries import run
from domain.invoices import ledger

SERIES = "invoice"


@dataclass(slots=True)
class Counter:
    """A locked number series; `today` is the database's date (UTC) at the moment the lock was won."""

    supplier_id: int
    prefix: str
    digits: int
    start_number: int
    last_number: int
    last_hash: bytes
    stored_bytes: int
    day: date | None
    day_start: int
    today: date

    def number(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return `content` with the next number, and chain it to the invoice before it."""
        self.last_number, printed = following(self)
        numbered = {
            **content,
            "series_code": SERIES,
            "number": self.last_number,
            "invoice_number": printed,
        }
        if numbered["issue_date"] is None:
            numbered["issue_date"] = self.today.isoformat()
        canonical = ledger.canonical(numbered)
        self.last_hash = ledger.chained(self.last_hash, canonical)
        return numbered | {"hash": self.last_hash.hex()} | self._counted(len(canonical))

    def _counted(self, size: int) -> dict[str, Any]:
        """Return the columns of the counter by which quotas are kept, after one more invoice of `size` bytes."""
        self.stored_bytes += size
        if self.day != self.today:
            self.day, self.day_start = self.today, self.last_number - 1
        return {"stored_bytes": self.stored_bytes, "day": self.day.isoformat(), "day_start": self.day_start}


def following(series: Any) -> tuple[int, str]:
    """Return the number that follows in a series (a Counter or its row), and how it is printed."""
    number = max(series.start_number, series.last_number + 1)
    return number, f"{series.prefix}{number:0{series.digits}d}"


def lock(session: Session, supplier_ids: Collection[int]) -> dict[int, Counter]:
    """Lock the invoice counters of `supplier_ids` until the transaction ends, in id order so that none deadlock."""
    rows = run(session, "lock_counters", supplier_ids=sorted(supplier_ids), code=SERIES)
    return {row.supplier_id: Counter(**row._asdict()) for row in rows}

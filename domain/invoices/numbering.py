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
        self.last_hash = ledger.link(self.last_hash, numbered)
        numbered["hash"] = self.last_hash.hex()
        return numbered


def following(series: Any) -> tuple[int, str]:
    """Return the number that follows in a series (a Counter or its row), and how it is printed."""
    number = max(series.start_number, series.last_number + 1)
    return number, f"{series.prefix}{number:0{series.digits}d}"


def lock(session: Session, supplier_ids: Collection[int]) -> dict[int, Counter]:
    """Lock the invoice counters of `supplier_ids` until the transaction ends, in id order so that none deadlock."""
    rows = run(session, "lock_counters", supplier_ids=sorted(supplier_ids), code=SERIES)
    return {row.supplier_id: Counter(**row._asdict()) for row in rows}

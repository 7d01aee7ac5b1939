"""The journal, to be read: its entries, and what they sum up to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from db.models import JournalEntry, JournalLine
from db.queries import run
from domain.accounting.sources import TYPES

SUMS = ("debit", "credit", "balance")
ROWS_AT_ONCE = 50


@dataclass(frozen=True)
class Filters:
    """Which entries a list shows: those of which all is true that is not None; `deleted` shows deleted ones too."""

    source_type: str | None = None
    source_id: int | None = None
    account_code: str | None = None
    first: date | None = None
    last: date | None = None
    deleted: bool = False


def entries(
    session: Session, organization_id: int, filters: Filters, before: int | None, limit: int
) -> Iterable[JournalEntry]:
    """Return up to `limit` entries that match, newest first, with ids below `before` if given.

    They are read a few at a time.
    """
    found = _of_source(select(JournalEntry).where(JournalEntry.organization_id == organization_id), filters)
    if filters.account_code is not None:
        of_entry = JournalLine.entry_id == JournalEntry.id, JournalLine.account_code == filters.account_code
        found = found.where(exists().where(*of_entry))
    if filters.first is not None:
        found = found.where(JournalEntry.entry_date >= filters.first)
    if filters.last is not None:
        found = found.where(JournalEntry.entry_date <= filters.last)
    if not filters.deleted:
        found = found.where(JournalEntry.deleted_at.is_(None))
    if before is not None:
        found = found.where(JournalEntry.id < before)
    wanted = found.order_by(JournalEntry.id.desc()).limit(limit)
    return session.scalars(wanted.execution_options(yield_per=ROWS_AT_ONCE))


def _of_source(found: Select[JournalEntry], filters: Filters) -> Select[JournalEntry]:
    if filters.source_id is not None:
        # The index begins with the type, so an id alone is looked for under each.
        types = TYPES if filters.source_type is None else (filters.source_type,)
        return found.where(JournalEntry.source_id == filters.source_id, JournalEntry.source_type.in_(types))
    return found if filters.source_type is None else found.where(JournalEntry.source_type == filters.source_type)


def trial_balance(
    session: Session, organization_id: int, last: date | None = None
) -> tuple[Sequence[Any], list[dict[str, Any]]]:
    """Return the sums of each account and currency, and the totals of each currency, whose balance is zero.

    With `last`, entries that are dated later are left out.
    """
    rows = run(session, "trial_balance", organization_id=organization_id, last=last)
    return rows, [{"currency_code": code, **sums} for code, sums in sorted(_totals(rows).items())]


def _totals(rows: Iterable[Any]) -> dict[str, dict[str, Decimal]]:
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(SUMS, Decimal(0)))
    for row in rows:
        for name in SUMS:
            totals[row.currency_code][name] += getattr(row, name)
    return totals

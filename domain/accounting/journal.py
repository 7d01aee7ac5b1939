"""The journal, to be read: its entries, and what they sum up to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import JournalEntry
from db.queries import run
from domain.accounting.sources import TYPES

SUMS = ("debit", "credit", "balance")
ROWS_AT_ONCE = 50


def entries(
    session: Session,
    organization_id: int,
    source_type: str | None,
    source_id: int | None,
    deleted: bool,
    before: int | None,
    limit: int,
) -> Iterable[JournalEntry]:
    """Return up to `limit` entries, newest first, with ids below `before` if given; deleted ones only on demand.

    They are read a few at a time.
    """
    found = select(JournalEntry).where(JournalEntry.organization_id == organization_id)
    if source_id is not None:
        # The index begins with the type, so an id alone is looked for under each.
        types = TYPES if source_type is None else (source_type,)
        found = found.where(JournalEntry.source_id == source_id, JournalEntry.source_type.in_(types))
    elif source_type is not None:
        found = found.where(JournalEntry.source_type == source_type)
    if not deleted:
        found = found.where(JournalEntry.deleted_at.is_(None))
    if before is not None:
        found = found.where(JournalEntry.id < before)
    wanted = found.order_by(JournalEntry.id.desc()).limit(limit)
    return session.scalars(wanted.execution_options(yield_per=ROWS_AT_ONCE))


def trial_balance(session: Session, organization_id: int) -> tuple[Sequence[Any], list[dict[str, Any]]]:
    """Return the sums of each account and currency, and the totals of each currency, whose balance is zero."""
    rows = run(session, "trial_balance", organization_id=organization_id)
    return rows, [{"currency_code": code, **sums} for code, sums in sorted(_totals(rows).items())]


def _totals(rows: Iterable[Any]) -> dict[str, dict[str, Decimal]]:
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(SUMS, Decimal(0)))
    for row in rows:
        for name in SUMS:
            totals[row.currency_code][name] += getattr(row, name)
    return totals

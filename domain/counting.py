"""Counts that stay cheap however much there is: beyond so many nobody needs the number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, DateTime, Select, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

MAX_COUNTED = 100
# What happened from a Friday evening on is still shown on the Monday.
LATELY = "3 days"
# Rows of an id and a time.
Wanted = Select[int, Any]


class Counted(NamedTuple):
    """How many there are, counted up to MAX_COUNTED; since when the first; the id of one that is alone."""

    number: int
    since: datetime | None
    only: int | None


def asking(wanted: Mapping[str, Wanted]) -> CompoundSelect[Any]:
    """Return one statement that counts each of `wanted` by its name; it is worth keeping."""
    return union_all(*(_count(name, rows) for name, rows in wanted.items()))


def counted(session: Session, statement: CompoundSelect[Any], **values: Any) -> dict[str, Counted]:
    """Return what a statement of `asking` counts; of each, those that it orders first are counted."""
    found = session.execute(statement, values)
    return {name: Counted(number, since, least if number == 1 else None) for name, number, since, least in found}


def _count(name: str, wanted: Wanted) -> Select[Any, Any, Any, Any]:
    rows = wanted.limit(MAX_COUNTED).subquery()
    ids, since = rows.c
    return select(literal(name), func.count(), cast(func.min(since), DateTime(timezone=True)), func.min(ids))

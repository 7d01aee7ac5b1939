"""What the last audit of each series has found, for whoever looks: a job recomputes all of them each night."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import DateTime, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import NumberSeries, SeriesAudit, Supplier
from db.transaction import report
from domain.counting import Wanted
from domain.invoices import audit
from domain.invoices.series import STRICT

KIND = "numbering.audit"
# One of the night before is older; one that a job had done before it was tried again is not.
FRESH = timedelta(hours=12)
MAX_AT_ONCE = 10_000


class Series(NamedTuple):
    """A series of numbers, and whose it is."""

    organization_id: int
    supplier_id: int
    code: str


class Summary(NamedTuple):
    """How many series of an organization were audited, how many of them are broken, and when the oldest audit was."""

    audited: int
    broken: int
    since: datetime | None


def due(session: Session) -> list[Series]:
    """Return the series that were not audited of late, the shortest first: one that takes too long stops no other."""
    own = and_(SeriesAudit.supplier_id == NumberSeries.supplier_id, SeriesAudit.code == NumberSeries.code)
    used = select(Supplier.organization_id, NumberSeries.supplier_id, NumberSeries.code).where(
        NumberSeries.last_number > 0,
        or_(SeriesAudit.audited_at.is_(None), SeriesAudit.audited_at < func.statement_timestamp() - FRESH),
    )
    found = used.join(Supplier, Supplier.id == NumberSeries.supplier_id).outerjoin(SeriesAudit, own)
    ordered = found.order_by(NumberSeries.last_number, NumberSeries.supplier_id, NumberSeries.code)
    return [Series(*row) for row in session.execute(ordered.limit(MAX_AT_ONCE))]


def examine(series: Series) -> dict[str, Any]:
    """Return what an audit of the series finds, in a transaction of its own."""
    with report() as session:
        return audit.audit(session, *series)


def keep(session: Session, series: Series, found: Mapping[str, Any]) -> None:
    """Write down what an audit of the series has found, in place of what was found before."""
    values = {"whole": is_whole(found), "audited_at": func.statement_timestamp()}
    made = insert(SeriesAudit).values(**series._asdict(), **values)
    session.execute(made.on_conflict_do_update(index_elements=[SeriesAudit.supplier_id, SeriesAudit.code], set_=values))


def is_whole(found: Mapping[str, Any]) -> bool:
    """Tell whether an audit has found nothing wrong: late dates are, where the series is strict."""
    faults = [found["gaps"], found["duplicates"], found["brokenLinks"]]
    return not any(faults) and not (found["chronology"] == STRICT and found["lateDates"])


def of_suppliers(session: Session, supplier_ids: Sequence[int]) -> dict[tuple[int, str], SeriesAudit]:
    """Return the last audit of each series of these suppliers, by supplier and code."""
    found = select(SeriesAudit).where(SeriesAudit.supplier_id.in_(supplier_ids))
    return {(one.supplier_id, one.code): one for one in session.scalars(found)}


def summary(session: Session, organization_id: int) -> Summary:
    """Return what the last audits of an organization's series have found, all together."""
    broken = func.count().filter(SeriesAudit.whole.is_(False))
    found = select(func.count(), broken, func.min(SeriesAudit.audited_at))
    return Summary(*session.execute(found.where(SeriesAudit.organization_id == organization_id)).one())


def broken(organization_id: int) -> Wanted:
    """Return the series in which the last audit has found a fault."""
    own = SeriesAudit.organization_id == organization_id, SeriesAudit.whole.is_(False)
    return select(SeriesAudit.supplier_id, cast(SeriesAudit.audited_at, DateTime(timezone=True))).where(*own)

"""The audit log: who did what to what, from where. A line and the change it tells of are one commit."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import acting
from db.acting import Act
from db.models import AuditEntry


def record(session: Session, target: str | None = None) -> None:
    """Write down the act of this thread, on `target` if its own is not yet what it made."""
    act = acting.current()
    if act is None:
        raise RuntimeError("nobody acts in this thread")
    add(session, act._replace(target=target) if target else act)


def add(session: Session, act: Act) -> None:
    """Write down an act of somebody whom this thread did not know before."""
    session.add(AuditEntry(**act._asdict()))


def page(
    session: Session, organization_id: int, filters: Mapping[str, str], before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """Return up to `limit` lines of which the `filters` by column are true, newest first, with ids below `before`."""
    wanted = select(AuditEntry).filter_by(organization_id=organization_id, **filters)
    wanted = wanted.where(AuditEntry.id < before) if before else wanted
    return session.scalars(wanted.order_by(AuditEntry.id.desc()).limit(limit)).all()

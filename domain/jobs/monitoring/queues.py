"""The queues as the people on call see them, over all organizations; and the brakes."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import outbox
from db import statistics as figures
from db.models import Incident, Pause
from db.outbox import OldestWait
from db.statistics import Depth, DrainRate, HourTotal, RunTotal, WaitTotal
from domain.errors import NotFound
from domain.jobs.lanes import LANES
from domain.jobs.monitoring.statistics import BOUNDS
from domain.jobs.registry import Kind, kinds

MAX_COUNTED = 100_000
WAITS_KEPT_HOURS = 7 * 24


def depths(session: Session) -> Sequence[Depth]:
    """Return how many jobs are pending, processing and failed, by lane, kind and organization, and the oldest's age.

    Counting what is pending stops at MAX_COUNTED of a priority.
    """
    return figures.queue_depths(session, MAX_COUNTED)


def throughput(session: Session) -> Sequence[DrainRate]:
    """Return for each lane that has worked in the last minutes how many jobs a second it does."""
    return figures.drain_rates(session)


def oldest_waits(session: Session, organization_id: int | None = None) -> Sequence[OldestWait]:
    """Return since when the oldest job waits in each lane that holds some: of an organization, or of all."""
    return outbox.oldest_waits(session, organization_id)


def hours(session: Session, count: int, organization_id: int | None = None) -> Sequence[HourTotal]:
    """Return what workers took of an organization, or of all, in each of the last hours; the last one is this."""
    return figures.hour_totals(session, hours=count - 1, organization_id=organization_id, bounds=list(BOUNDS))


def totals(session: Session) -> Sequence[RunTotal]:
    """Return what was done of each kind since the beginning, with its histograms."""
    return figures.run_totals(session)


def waits(
    session: Session, hours: int, organization_id: int | None, lane: str | None, after: int, limit: int
) -> Sequence[WaitTotal]:
    """Return how long jobs waited that a worker claimed in this hour and the `hours` before it, up to WAITS_KEPT_HOURS.

    By organization and lane, slowest first; `id` is the place in this order, of which those beyond `after` are asked.
    """
    return figures.wait_totals(
        session,
        hours=hours,
        organization_id=organization_id,
        lane=lane,
        bounds=list(BOUNDS),
        after=after,
        limit=limit,
    )


def incidents(session: Session) -> Sequence[Incident]:
    """Return how often what was refused."""
    return session.scalars(select(Incident).order_by(Incident.name)).all()


def pauses(session: Session) -> Sequence[Pause]:
    """Return what is paused."""
    return session.scalars(select(Pause).order_by(Pause.what, Pause.name)).all()


def is_paused(session: Session, kind: Kind) -> bool:
    """Tell whether a kind, or its lane, is paused."""
    names = tuple_(Pause.what, Pause.name)
    return bool(session.scalar(select(exists().where(names.in_([("lane", kind.lane), ("kind", kind.name)])))))


def pause(session: Session, what: str, name: str) -> None:
    """Let no job of a lane or kind be sent or claimed from now on; those that are claimed are finished."""
    _check(what, name)
    session.execute(insert(Pause).values(what=what, name=name).on_conflict_do_nothing())


def resume(session: Session, what: str, name: str) -> None:
    """Let what was held back be sent; jobs that were with the broker are sent again when their entries fall due."""
    _check(what, name)
    session.execute(delete(Pause).where(Pause.what == what, Pause.name == name))


def _check(what: str, name: str) -> None:
    known = LANES if what == "lane" else [kind.name for kind in kinds()]
    if name not in known:
        raise NotFound(f"no {what} is called {name}; there are: {', '.join(known)}")

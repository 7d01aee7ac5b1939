"""The processes of the installation: who lives, who is silent, and who lives and does nothing."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Double, and_, cast, exists, extract, func, or_, select
from sqlalchemy.orm import Session, with_expression

import settings
from db.models import Canary, Process, RelayState
from domain.jobs.canaries import LATE_S, PERIOD_S
from domain.jobs.presence import SILENCE_S, is_silent

# A relay reports with each of its sweeps, and a broker that does not answer delays it; after two sweeps it is missing.
SWEEPS_UNTIL_MISSING, REPORT_DELAY_S = 2, 5.0
# What the api accepts waits until one of each lives.
BEHIND_THE_API = ("relay", "worker", "io", "ocr", "beat")


class Life(StrEnum):
    """How a process is seen; a part is as its best process is, from the best to the worst."""

    ALIVE = "alive"
    IDLE = "idle"
    SILENT = "silent"
    MISSING = "missing"


def processes(session: Session) -> Sequence[Process]:
    """Return the processes that live, or have lived within the last hour, by part.

    A process is `idle` that lives, had time to begin and does nothing: a relay while none reports, a worker that leaves
    the canary of a lane of its own unanswered.
    """
    query = select(Process).options(with_expression(Process.idle, _is_idle()))
    return session.scalars(query.order_by(Process.part, Process.started_at)).all()


def life(process: Process) -> Life:
    """Return how a process is seen that was read by `processes`."""
    if is_silent(process):
        return Life.SILENT
    return Life.IDLE if process.idle else Life.ALIVE


def parts(session: Session) -> dict[str, Life]:
    """Return how each of the parts behind the api is seen."""
    seen: dict[str, set[Life]] = {part: {Life.MISSING} for part in BEHIND_THE_API}
    for process in processes(session):
        seen.setdefault(process.part, set()).add(life(process))
    return {part: next(one for one in Life if one in seen[part]) for part in BEHIND_THE_API}


def longest_report_s() -> float:
    """Return how many seconds old the last report of a relay that works may be."""
    return SWEEPS_UNTIL_MISSING * settings.current().sweep_interval + REPORT_DELAY_S


def _is_idle() -> ColumnElement[bool]:
    reported_s = cast(extract("epoch", func.clock_timestamp() - RelayState.reported_at), Double)
    no_report = exists(select(RelayState.id).where(reported_s > longest_report_s()))
    late = exists(
        select(Canary.lane).where(
            Canary.lane == func.any(Process.lanes),
            Canary.unanswered_seconds > LATE_S,
            Canary.sent_seconds < 2 * PERIOD_S,
        )
    )
    does_nothing = or_(and_(Process.part == "relay", no_report), and_(Process.part == "worker", late))
    return and_(Process.silent_seconds <= SILENCE_S, Process.age_seconds > LATE_S, does_nothing)

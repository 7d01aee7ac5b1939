"""The lanes and kinds of the installation, each with what waits in it, how fast it goes, and whether it is paused."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from db.models import Canary, Pause
from db.statistics import Depth
from domain.jobs import canaries, presence
from domain.jobs.dispatch.costs import measured
from domain.jobs.lanes import LANES
from domain.jobs.monitoring import queues
from domain.jobs.monitoring.processes import processes
from domain.jobs.registry import Kind, registered
from domain.jobs.registry import kinds as registered_kinds


class Load(NamedTuple):
    """The jobs of all organizations that wait, run and have failed, and since how many seconds the oldest waits."""

    waiting: int = 0
    running: int = 0
    failed: int = 0
    oldest_seconds: float | None = None


class LaneLine(NamedTuple):
    """A lane: its `canary` is None if none was ever sent, `paused_since` None while it is not paused."""

    name: str
    load: Load
    jobs_per_second: float
    workers: int
    canary: Canary | None
    paused_since: datetime | None


class KindLine(NamedTuple):
    """A kind: None for one of which jobs are there and that is not installed here; `job_seconds` is what each takes."""

    name: str
    kind: Kind | None
    load: Load
    job_seconds: float | None
    paused_since: datetime | None


class Overview(NamedTuple):
    lanes: list[LaneLine]
    kinds: list[KindLine]


def overview(session: Session) -> Overview:
    """Return the lanes in their order, and the kinds by name."""
    depths = queues.depths(session)
    paused = {(one.what, one.name): one for one in queues.pauses(session)}
    return Overview(_lanes(session, depths, paused), _kinds(session, depths, paused))


def _lanes(session: Session, depths: Sequence[Depth], paused: dict[tuple[str, str], Pause]) -> list[LaneLine]:
    rates = {one.lane: one.jobs_per_second for one in queues.throughput(session)}
    birds = {one.lane: one for one in canaries.canaries(session)}
    serving = [one.lanes for one in processes(session) if not presence.is_silent(one)]
    return [
        LaneLine(
            name,
            _load(depths, lambda depth, name=name: depth.lane == name),  # type: ignore[misc]
            rates.get(name, 0.0),
            sum(name in lanes for lanes in serving),
            birds.get(name),
            _since(paused, "lane", name),
        )
        for name in LANES
    ]


def _kinds(session: Session, depths: Sequence[Depth], paused: dict[tuple[str, str], Pause]) -> list[KindLine]:
    costs = measured(session)
    names = {one.name for one in registered_kinds()} | {depth.kind for depth in depths}
    return [
        KindLine(
            name,
            registered(name),
            _load(depths, lambda depth, name=name: depth.kind == name),  # type: ignore[misc]
            costs.job(name) if costs.is_measured(name) else None,
            _since(paused, "kind", name),
        )
        for name in sorted(names)
    ]


def _load(depths: Iterable[Depth], of: Callable[[Depth], bool]) -> Load:
    own = [depth for depth in depths if of(depth)]
    counted = {status: sum(one.jobs for one in own if one.status == status) for status in ("processing", "failed")}
    waiting = [one for one in own if one.status == "pending"]
    oldest = max((one.oldest_seconds for one in waiting), default=None)
    return Load(sum(one.jobs for one in waiting), counted["processing"], counted["failed"], oldest)


def _since(paused: dict[tuple[str, str], Pause], what: str, name: str) -> datetime | None:
    found = paused.get((what, name))
    return found.since if found else None

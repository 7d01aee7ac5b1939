"""Counts of runs, waits and incidents."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import fetch, run


class Depth(NamedTuple):
    """How many jobs of a lane, kind and organization are pending, processing or failed; seconds since the oldest is."""

    lane: str
    kind: str
    organization_id: int
    status: str
    jobs: int
    oldest_seconds: float


class DrainRate(NamedTuple):
    """How many jobs a lane has completed lately, how many a second, and seconds since the last."""

    lane: str
    jobs: int
    jobs_per_second: float
    idle_seconds: float


class RunTotal(NamedTuple):
    """The runs of a kind since the beginning; times are seconds, counts stand in the order of the buckets."""

    kind: str
    completed: int
    failed: int
    wait_seconds: float
    run_seconds: float
    wait_counts: list[int]
    run_counts: list[int]


class WaitTotal(NamedTuple):
    """How long the jobs of an organization waited in a lane; `bounds` and percentiles are seconds, None in the last."""

    id: int
    organization_id: int
    lane: str
    jobs: int
    counts: list[int]
    bounds: list[float | None]
    p50_seconds: float | None
    p90_seconds: float | None
    p99_seconds: float | None


class HourTotal(NamedTuple):
    """How many jobs were claimed in an hour, of which `seconds` have passed, and how long they had waited.

    A percentile is seconds, None without jobs, and infinite in the last bucket.
    """

    hour: datetime
    seconds: float
    jobs: int
    p50_seconds: float | None
    p99_seconds: float | None

    @property
    def jobs_per_minute(self) -> float:
        return self.jobs * 60 / max(self.seconds, 1.0)


class Recent(NamedTuple):
    """Latest runs of a kind: how many, their jobs and seconds, and sums of squares and products; all fading."""

    runs: float
    jobs: float
    seconds: float
    jobs_squared: float
    jobs_seconds: float


def recent_runs(session: Session) -> dict[str, Recent]:
    """Return the latest runs of each kind, as the worker that reported last has them."""
    return {kind: Recent(*sums) for kind, *sums in run(session, "recent_runs")}


def queue_depths(session: Session, most: int) -> list[Depth]:
    """Return what waits, runs and has failed; what waits is counted up to `most` in each stream."""
    return fetch(session, Depth, "queue_depths", most=most)


def drain_rates(session: Session) -> list[DrainRate]:
    """Return the lanes that have completed jobs in the last five minutes."""
    return fetch(session, DrainRate, "drain_rates")


def run_totals(session: Session) -> list[RunTotal]:
    """Return what all workers together have done of each kind."""
    return fetch(session, RunTotal, "run_totals")


def wait_totals(session: Session, **asked: Any) -> list[WaitTotal]:
    """Return how long jobs waited, the slowest first; `asked` are the parameters of wait_totals.sql."""
    return fetch(session, WaitTotal, "wait_totals", **asked)


def hour_totals(session: Session, **asked: Any) -> list[HourTotal]:
    """Return what was claimed in each of the last hours; `asked` are the parameters of hour_totals.sql."""
    return fetch(session, HourTotal, "hour_totals", **asked)


def record_incident(session: Session, name: str, count: int = 1) -> None:
    """Count a refusal under `name`, so that the person on call sees it."""
    run(session, "record_incident", name=name, count=count)


def record_run(session: Session, waits: Mapping[int, Sequence[int]], **figures: Any) -> None:
    """Add a run's figures, named as in record_run.sql, to the statistics of its worker.

    `waits` has how many jobs of each organization fall into each bucket.
    """
    arrays = {organization_id: "{" + ",".join(map(str, counts)) + "}" for organization_id, counts in waits.items()}
    run(session, "record_run", waits=json.dumps(arrays), **figures)

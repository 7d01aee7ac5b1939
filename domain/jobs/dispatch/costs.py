"""What a delivery takes, as measured: a part for itself, and a part for each job in it."""

from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

from sqlalchemy.orm import Session

from db import statistics
from db.statistics import Recent
from domain.jobs.registry import kinds

# What a delivery should take: long enough that its overhead does not matter, or so short that nobody need wait for it.
DELIVERY_SECONDS, SHORT_DELIVERY_SECONDS = 0.2, 0.05
# A kind that was never measured begins with so many at once: it may be slow.
FIRST_GROUP = 20
# While deliveries hardly differ in size, the jobs are taken to make so much of their time, and never for less of it:
# somewhat longer ones are tried then, which tells.
JOBS_SHARE = 0.4
# Sizes differ enough to tell once their relative variance is above this.
TELLING = 0.05


class Cost(NamedTuple):
    """Seconds that a delivery takes whatever it carries, and seconds that each job adds."""

    delivery: float
    job: float


class Costs:
    """What deliveries of each kind take, and so how many jobs they should carry."""

    def __init__(self, measured: Mapping[str, Cost]) -> None:
        self._measured = measured
        self._groups = {kind.name: kind.group for kind in kinds()}
        self._jobs: dict[tuple[str, int | None], float] = {}

    def seconds(self, kind: str, jobs: int) -> float:
        """Return how long a delivery of so many jobs takes."""
        cost = self._of(kind)
        return cost.delivery + jobs * cost.job

    def job(self, kind: str, group_limit: int | None = None) -> float:
        """Return how many seconds of a run are each job's: a run of `group_limit` jobs, or one of the usual size.

        Reckoned once, as it is asked for every job.
        """
        if (kind, group_limit) not in self._jobs:
            usual = self.group_size(kind, DELIVERY_SECONDS)
            jobs = min(group_limit or usual, usual)
            self._jobs[kind, group_limit] = self.seconds(kind, jobs) / jobs
        return self._jobs[kind, group_limit]

    def least(self, kind: str) -> int:
        """Return how many jobs make up for what a delivery takes by itself; with fewer, its group would be no use."""
        cost = self._of(kind)
        return self._bounded(kind, ceil(cost.delivery / cost.job))

    def group_size(self, kind: str, seconds: float) -> int:
        """Return how many jobs of the kind a delivery of about `seconds` carries; never less than the least."""
        cost = self._of(kind)
        return max(self.least(kind), self._bounded(kind, round((seconds - cost.delivery) / cost.job)))

    def _of(self, kind: str) -> Cost:
        return self._measured.get(kind) or Cost(0.0, DELIVERY_SECONDS / self._bounded(kind, FIRST_GROUP))

    def _bounded(self, kind: str, jobs: int) -> int:
        return max(1, min(self._groups.get(kind, 1), jobs))


def measured(session: Session) -> Costs:
    """Return what deliveries took lately."""
    return Costs({kind: fit(recent) for kind, recent in statistics.recent_runs(session).items()})


def fit(recent: Recent) -> Cost:
    """Return the line through sizes and times of deliveries: least squares, drawn to an assumed slope (ridge).

    Without it, commits that became slow would be taken for jobs that did, deliveries cut to single jobs, and the
    commits multiplied.
    """
    count, jobs, seconds, jobs_squared, jobs_seconds = recent
    through_zero = jobs_seconds / jobs_squared
    variance = max(0.0, jobs_squared / count - (jobs / count) ** 2)
    covariance = jobs_seconds / count - jobs / count * seconds / count
    doubt = TELLING * jobs_squared / count
    slope = (covariance + doubt * JOBS_SHARE * through_zero) / (variance + doubt)
    job = max(min(slope, seconds / jobs), JOBS_SHARE * through_zero, 1e-6)
    return Cost(max(0.0, (seconds - job * jobs) / count), job)

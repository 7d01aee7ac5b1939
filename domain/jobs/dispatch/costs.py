"""The time of a run, as measured: a part for itself, and a part for each job in it."""

from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

from sqlalchemy.orm import Session

from db import statistics
from db.statistics import Recent
from domain.jobs.registry import kinds

# A run should take so long that its overhead does not matter; a short one, so that nobody need wait for its end.
RUN_SECONDS, SHORT_RUN_SECONDS = 0.2, 0.05
# A kind that was never measured begins with so many jobs in a run: it may be slow.
FIRST_GROUP = 20
# While runs hardly differ in size, their jobs are taken to make so much of their time, and never less than that.
# Somewhat longer runs are tried then, and these show what is true.
JOBS_SHARE = 0.4
# Sizes differ enough to tell once their relative variance is above this.
TELLING_VARIANCE = 0.05


class Cost(NamedTuple):
    """Seconds that a run takes whatever it carries, and seconds that each job adds."""

    run: float
    job: float


class Costs:
    """The times of each kind's runs, and so how many jobs they should carry."""

    def __init__(self, measured: Mapping[str, Cost]) -> None:
        self._measured = measured
        self._groups = {kind.name: kind.group for kind in kinds()}
        self._jobs: dict[tuple[str, int | None], float] = {}

    def is_measured(self, kind: str) -> bool:
        """Tell whether runs of the kind were measured; what is said of another kind is assumed."""
        return kind in self._measured

    def seconds(self, kind: str, jobs: int) -> float:
        """Return how long a run of so many jobs takes."""
        cost = self._of(kind)
        return cost.run + jobs * cost.job

    def job(self, kind: str, group_limit: int | None = None) -> float:
        """Return how many seconds of a run of `group_limit` jobs, or of a usual one, are each job's.

        Computed once, as it is asked for every job.
        """
        if (kind, group_limit) not in self._jobs:
            usual = self.group_size(kind, RUN_SECONDS)
            jobs = min(group_limit or usual, usual)
            self._jobs[kind, group_limit] = self.seconds(kind, jobs) / jobs
        return self._jobs[kind, group_limit]

    def least(self, kind: str) -> int:
        """Return how many jobs take as long as their run does by itself; with fewer, its group would be of no use."""
        cost = self._of(kind)
        return self._bounded(kind, ceil(cost.run / cost.job))

    def group_size(self, kind: str, seconds: float) -> int:
        """Return how many jobs of the kind a run of about `seconds` carries; never less than the least."""
        cost = self._of(kind)
        return max(self.least(kind), self._bounded(kind, round((seconds - cost.run) / cost.job)))

    def _of(self, kind: str) -> Cost:
        return self._measured.get(kind) or Cost(0.0, RUN_SECONDS / self._bounded(kind, FIRST_GROUP))

    def _bounded(self, kind: str, jobs: int) -> int:
        return max(1, min(self._groups.get(kind, 1), jobs))


def measured(session: Session) -> Costs:
    """Return what runs took lately."""
    return Costs({kind: fit(recent) for kind, recent in statistics.recent_runs(session).items()})


def fit(recent: Recent) -> Cost:
    """Return the line through sizes and times of runs: least squares, drawn to an assumed slope (ridge).

    Without that slope, commits that became slow would be taken for jobs that did. Groups would then be cut to single
    jobs, and the commits multiplied.
    """
    count, jobs, seconds, jobs_squared, jobs_seconds = recent
    through_zero = jobs_seconds / jobs_squared
    variance = max(0.0, jobs_squared / count - (jobs / count) ** 2)
    covariance = jobs_seconds / count - jobs / count * seconds / count
    doubt = TELLING_VARIANCE * jobs_squared / count
    slope = (covariance + doubt * JOBS_SHARE * through_zero) / (variance + doubt)
    job = max(min(slope, seconds / jobs), JOBS_SHARE * through_zero, 1e-6)
    return Cost(max(0.0, (seconds - job * jobs) / count), job)

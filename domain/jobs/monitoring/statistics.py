"""The times of runs: the figures behind metrics, waits and the relay's idea of a kind's cost."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from db import statistics as figures
from db.jobs import ClaimedJob
from domain.jobs.registry import Kind

# Upper bounds of a histogram's buckets in seconds; one more bucket holds what is longer.
BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)


def record(
    session: Session, kind: Kind, worker: str, jobs: Sequence[ClaimedJob], seconds: float, failed: int, goes_on: int = 0
) -> None:
    """Add a run of `jobs` that took `seconds` together; `failed` were in vain, `goes_on` are not at their end."""
    waits: dict[int, list[float]] = defaultdict(list)
    for job in jobs:
        waits[job.organization_id].append(max(0.0, job.waited))
    of_each = {organization_id: counts(waits[organization_id]) for organization_id in sorted(waits)}
    figures.record_run(
        session,
        kind=kind.name,
        lane=kind.lane,
        worker=worker,
        completed=len(jobs) - failed - goes_on,
        failed=failed,
        wait_seconds=sum(map(sum, waits.values())),
        run_seconds=seconds,
        jobs=len(jobs),
        wait_counts=[sum(bucket) for bucket in zip(*of_each.values(), strict=True)],
        run_counts=counts([seconds / len(jobs)] * len(jobs)),
        waits=of_each,
    )


def counts(values: Iterable[float]) -> list[int]:
    """Return how many of `values` fall into each bucket."""
    buckets = [0] * (len(BOUNDS) + 1)
    for value in values:
        buckets[bisect_left(BOUNDS, value)] += 1
    return buckets

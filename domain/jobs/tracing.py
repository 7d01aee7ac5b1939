"""Of which trace the work on jobs is: that of the jobs if they share one, else one of its own, linked to theirs."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from db import traces
from db.jobs import ClaimedJob
from domain.jobs.registry import Kind


@contextmanager
def followed(kind: Kind, jobs: Collection[ClaimedJob], failed: Sequence[int], since: int | None) -> Iterator[None]:
    """Have what the block does be of the trace of the jobs, those that have `failed` among them at its end."""
    of_jobs = {job.id: job.traceparent for job in jobs}
    if not jobs or (traces.recorder is None and not any(of_jobs.values())):
        yield
        return
    parent = traces.shared(of_jobs.values())
    links = sorted({one for one in of_jobs.values() if one})
    name, noted = f"process {kind.name}", _noted(kind, jobs)
    with (
        traces.running({} if parent else of_jobs),
        traces.span(name, traces.CONSUMER, since, parent, links, noted) as span,
    ):
        yield
        if failed:
            span.set({"counterfoil.jobs.failed": len(failed)})
            span.fail("job_failed")
        if parent is None and traces.recorder:
            _show_each(kind, jobs, failed, since)


def _show_each(kind: Kind, jobs: Collection[ClaimedJob], failed: Sequence[int], since: int | None) -> None:
    """Record in the trace of each job of several traces that it was run in this group, which it is linked to."""
    group = traces.current()
    for job in jobs:
        if job.traceparent:
            noted = _noted(kind, [job])
            links = [group] if group else []
            with traces.span(f"process {kind.name}", traces.CONSUMER, since, job.traceparent, links, noted) as span:
                if job.id in failed:
                    span.fail("job_failed")


def _noted(kind: Kind, jobs: Collection[ClaimedJob]) -> dict[str, object]:
    [only] = jobs if len(jobs) == 1 else [None]
    one = {"counterfoil.job.id": only.id, "counterfoil.job.attempt": only.attempts} if only else {}
    return traces.of_queue("process", kind.lane, len(jobs)) | {"counterfoil.job.kind": kind.name} | one

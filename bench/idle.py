"""How soon a single request is done when there is nothing else to do."""

import statistics
import time
from collections.abc import Sequence

from bench.backlog import Workload
from bench.machine import CELERY_OPTIONS, Machine, wait_for
from bench.table import row
from bench.workloads import BUSY, CHAIN

REQUESTS, WARM_UP, PAUSE = 200, 20, 0.05
TIMES = """SELECT array_agg(CAST(1000 * extract(epoch FROM completed_at - created_at) AS float8))
           FROM jobs WHERE id = ANY(:ids)"""


def measure(machine: Machine) -> dict:
    """Return p50 and p99 in ms, ours from accepted to numbered, a bare Celery task's from its call to its start."""
    print("idle: single requests, one after another ...", flush=True)
    figures = {"bare Celery": _bare(machine), "invoice": _ours(machine)}
    for name, figure in figures.items():
        print(f"{name}: p50 {figure['p50']:.1f} ms, p99 {figure['p99']:.1f} ms", flush=True)
    return figures


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    ours = figures["invoice"]
    return [
        row(
            "R5 idle: accepted to numbered / start of a bare Celery task, p50",
            ours["p50"] / figures["bare Celery"]["p50"],
            most=1.5,
        ),
        row("R5 idle: accepted to numbered, p50 ms", ours["p50"], most=8),
        row("R5 idle: accepted to numbered, p99 ms", ours["p99"], most=25),
    ]


def _ours(machine: Machine) -> dict[str, float]:
    work = Workload(1)
    ids = []
    with machine.running(*CHAIN):
        for _ in range(WARM_UP + REQUESTS):
            ids += work.submit(1)
            time.sleep(PAUSE)
            wait_for(lambda: not machine.scalar(BUSY))
    work.verify(len(ids))
    return percentiles(machine.scalar(TIMES, ids=ids[WARM_UP:]))


def _bare(machine: Machine) -> dict[str, float]:
    from bench.peers import STARTED, started

    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "noop", *CELERY_OPTIONS)):
        for number in range(WARM_UP + REQUESTS):
            started.delay(time.time())
            time.sleep(PAUSE)
            wait_for(lambda done=number + 1: machine.depth(STARTED) == done)
    return percentiles([float(ms) for ms in machine.valkey.lrange(STARTED, WARM_UP, -1)])


def percentiles(times: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98]}

"""All peers one after another, and Counterfoil with the same jobs; one that cannot be measured says why."""

from collections.abc import Callable
from functools import partial

from bench import workloads
from bench.machine import Machine
from bench.rivals.installation import Skipped
from bench.rivals.peers import PEERS
from bench.rivals.race import drained
from bench.runs import several
from bench.table import row

OURS, BARE = "Counterfoil, groups of 500", "bare Celery 5.7 on Valkey"
NOOP_JOBS, BARE_JOBS = 40_000, 4000


def measure(machine: Machine) -> dict:
    """Return the no-op jobs a second that each system drains."""
    plan: dict[str, Callable[[], float]] = {BARE: partial(workloads.bare_celery, machine, BARE_JOBS)}
    plan |= {name: partial(drained, machine, peer) for name, peer in PEERS.items()}
    plan[OURS] = partial(workloads.counterfoil_noop, machine, NOOP_JOBS)
    return {name: _several(name, run) for name, run in plan.items()}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    per_second = {name: figure["median"] for name, figure in figures.items() if "median" in figure}
    ours = per_second.pop(OURS)
    best = max(per_second, key=lambda name: per_second[name])
    return [
        row(f"R2 no-op jobs drained / {best}, the best of the others", ours / per_second[best], 1),
        row("R2 ... / bare Celery", ours / per_second[BARE], 20),
    ]


def _several(name: str, run: Callable[[], float]) -> dict:
    try:
        return several(name, run)
    except Skipped as why:
        print(f"{name}: skipped: {why}", flush=True)
        return {"skipped": str(why)}

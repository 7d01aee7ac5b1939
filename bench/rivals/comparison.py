"""All peers one after another, and Counterfoil with the same jobs; one that cannot be measured says why."""

import os
import time
from collections.abc import Callable
from functools import partial

from bench import workloads
from bench.machine import Machine
from bench.rivals import calibration
from bench.rivals.installation import Skipped
from bench.rivals.peers import PEERS
from bench.rivals.race import drained
from bench.runs import RUNS, several

NOOP_JOBS = 40_000


def compare(machine: Machine, bare_celery: dict[str, float]) -> dict:
    """Return what the machine does by itself, and what each system does on it beside bare Celery's figure."""
    plan = {name: partial(drained, machine, peer) for name, peer in PEERS.items()}
    plan["Counterfoil, groups of 500"] = partial(workloads.counterfoil_noop, machine, NOOP_JOBS)
    return {
        "measured": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "runs": RUNS,
        "calibration": {name: _several(name, run) for name, run in _calibration(machine).items()},
        "systems": {"bare Celery 5.7 on Valkey": bare_celery}
        | {name: _several(name, run) for name, run in plan.items()},
    }


def _calibration(machine: Machine) -> dict[str, Callable[[], float]]:
    commits = {
        f"one-row commits, {clients} client{'s' * (clients > 1)}": partial(calibration.commits, machine, clients)
        for clients in calibration.CLIENTS
    }
    return {"fdatasync of one block": partial(calibration.flushes, machine), **commits}


def _several(name: str, run: Callable[[], float]) -> dict:
    try:
        return several(name, run)
    except Skipped as why:
        print(f"{name}: skipped: {why}", flush=True)
        return {"skipped": str(why)}
